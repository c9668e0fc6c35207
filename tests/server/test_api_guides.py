"""The published guides are for anyone to read; drafts are for nobody here."""

from dataclasses import replace

import pytest

from core.statuses import GuideStatus
from tests.server.conftest import assert_canonical_error, guide_record

GUIDES = "/api/v1/guides"


async def publish(service, *records):
    await service.knowledge.publish_guides(records)


async def test_guides_are_found_by_name_and_district(service):
    await publish(
        service,
        guide_record("g1", "东区", "居住证补领"),
        guide_record("g2", "西区", "居住证补领"),
        guide_record("g3", "东区", "身份证换领"),
    )

    _, all_of_them = await service.call("GET", GUIDES)
    _, some = await service.call("GET", GUIDES, params={"q": "居住证", "district": "西区"})

    assert (all_of_them["total"], all_of_them["pages"], all_of_them["page"]) == (3, 1, 1)
    assert [guide["id"] for guide in some["guides"]] == ["g2"]
    assert some["guides"][0]["title"] == "居住证补领"


@pytest.mark.parametrize(("written", "found"), [("东", ["g1"]), ("北区", ["g2"]), ("火星区", [])])
async def test_the_district_may_be_written_in_short(service, written, found):
    """北区 is no district of the index yet, which follows a publication within a second."""
    await publish(service, guide_record("g1", "东区"), guide_record("g2", "北区"))

    _, listed = await service.call("GET", GUIDES, params={"district": written})

    assert [guide["id"] for guide in listed["guides"]] == found


async def test_many_guides_come_in_pages(service):
    await publish(service, *(guide_record(f"g{number:03}") for number in range(45)))

    _, last = await service.call("GET", GUIDES, params={"page": 3})
    _, beyond = await service.call("GET", GUIDES, params={"page": 4})

    assert last["pages"] == 3
    assert len(last["guides"]) == 5
    assert beyond["guides"] == []


async def test_a_guide_comes_with_all_its_elements(service):
    await publish(service, guide_record("g1"))

    response, guide = await service.call("GET", f"{GUIDES}/g1")

    assert response.status == 200
    assert (guide["version"], guide["status"]) == (1, "published")
    assert guide["guide"]["main_item"] == "居住证补领"


async def test_an_earlier_version_that_an_answer_cited_can_be_read(service):
    await publish(service, guide_record("g1"))
    await publish(service, replace(guide_record("g1"), content_hash="changed"))

    _, current = await service.call("GET", f"{GUIDES}/g1")
    _, cited = await service.call("GET", f"{GUIDES}/g1", params={"version": 1})

    assert (current["version"], current["status"]) == (2, "published")
    assert (cited["version"], cited["status"]) == (1, "withdrawn")


async def test_a_draft_is_not_shown_even_by_its_number(service):
    draft = await service.knowledge.save_draft(guide_record("g1"))
    await service.knowledge.set_status("g1", draft.version, GuideStatus.IN_REVIEW)

    for params in ({}, {"version": 1}):
        response, data = await service.call("GET", f"{GUIDES}/g1", params=params)
        assert_canonical_error(response, data, 404, "not_found")


@pytest.mark.parametrize("path", [GUIDES, f"{GUIDES}/g1"])
async def test_who_reads_too_fast_is_told_to_wait_but_not_the_operator(start_service, path):
    service = await start_service(rate_reads_per_minute=2, trusted_proxies=("127.0.0.1",))
    await publish(service, guide_record("g1"))
    for _ in range(2):
        await service.call("GET", path, headers={"X-Forwarded-For": "203.0.113.7"})

    response, data = await service.call("GET", path, headers={"X-Forwarded-For": "203.0.113.7"})
    other, _ = await service.call("GET", path, headers={"X-Forwarded-For": "203.0.113.8"})
    operator = [(await service.call("GET", path))[0].status for _ in range(5)]

    assert_canonical_error(response, data, 429, "too_many_requests")
    assert int(response.headers["Retry-After"]) > 0
    assert other.status == 200
    assert set(operator) == {200}


@pytest.mark.parametrize(
    "params", [{"page": "0"}, {"page": "-1"}, {"page": "x"}, {"q": "长" * 101}, {"page": "9999999999"}]
)
async def test_a_query_that_makes_no_sense_is_refused(service, params):
    response, data = await service.call("GET", GUIDES, params=params)

    assert_canonical_error(response, data, 400, "invalid_input")


@pytest.mark.parametrize("guide_id", ["nothing", "%00", "%ED%A0%80", "x" * 300, "..%2f..%2fetc"])
async def test_an_id_that_is_none_is_not_found(service, guide_id):
    response, data = await service.call("GET", f"{GUIDES}/{guide_id}")

    assert_canonical_error(response, data, 404, "not_found")
