"""What the command line's client makes of the service's refusals."""

import aiohttp
import pytest

from core.errors import InvalidInput, UnknownDistrict
from server.api_client import ApiClient
from server.cli.ask import _ask
from server.cli.search import _found


@pytest.fixture
def url(service) -> str:
    return str(service.client.make_url("/"))


async def test_a_district_in_short_is_asked_for_as_the_guides_write_it(service, url):
    answer = await _ask(url, "居住证丢了", "东")

    assert answer["status"] == "answered"
    assert service.engine.turns[0][3]["district"] == "东区"


async def test_a_refusal_is_told_in_the_words_of_the_service(url):
    async with aiohttp.ClientSession() as session:
        client = ApiClient(session, url)

        with pytest.raises(InvalidInput, match="没有找到这个区县"):
            await client.start(district="火星区")
        with pytest.raises(InvalidInput, match="没法处理"):
            await client.say(await client.start(), " ")


async def test_search_knows_the_same_districts():
    class Part:
        """Knowledge without guides."""

        consultant = None

        async def district(self, _name: str) -> str:
            return ""

    part = Part()
    part.consultant = part
    with pytest.raises(UnknownDistrict, match="没有找到这个区县"):
        await _found(part, "居住证丢了", "火星区")
