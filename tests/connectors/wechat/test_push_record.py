"""What is kept of a push until it is done gives the push back."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from connectors.wechat.push_record import as_record, asks_for_something, of_record
from connectors.wechat.pushes import ImageMessage, LinkMessage, LocationMessage, parse_push
from core.errors import InvalidInput

NEEDLESS = {
    ImageMessage: {"picture_url": ""},
    LocationMessage: {"latitude": 0.0, "longitude": 0.0},
    LinkMessage: {"description": ""},
}
FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.xml")))
def test_a_push_that_asks_for_something_comes_back_as_it_was(name):
    push = parse_push((FIXTURES / f"{name}.xml").read_bytes())
    record = as_record(push, lambda text: text)

    assert bool(record) is asks_for_something(push)
    if record:
        assert of_record(record) == replace(push, **NEEDLESS.get(type(push), {}))


@pytest.mark.parametrize("name", ["text", "voice", "link", "location"])
def test_what_a_citizen_wrote_is_kept_masked(name):
    push = parse_push((FIXTURES / f"{name}.xml").read_bytes())
    kept = asdict(of_record(as_record(push, lambda _: "…")))

    for field in ("text", "recognition", "title", "url", "label"):
        assert kept.get(field, "…") == "…"


@pytest.mark.parametrize(
    "record", ["", "{}", "[]", "nothing", '{"kind": "Yodelled"}', '{"kind": "TextMessage"}']
)
def test_what_another_version_kept_is_told(record):
    with pytest.raises(InvalidInput):
        of_record(record)
