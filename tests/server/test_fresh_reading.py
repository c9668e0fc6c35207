"""One reading for all who ask at once."""

import asyncio

from server.fresh_reading import FreshReading


class Book:
    """What is read, page by page as the test turns them."""

    def __init__(self) -> None:
        self.text = "before"
        self.reads = 0
        self.turned = asyncio.Event()

    async def read(self) -> str:
        self.reads += 1
        seen = self.text
        await self.turned.wait()
        return seen


async def soon() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_who_ask_at_once_share_one_reading():
    book = Book()
    book.turned.set()
    read = FreshReading(book.read)

    assert await asyncio.gather(*(read() for _ in range(300))) == ["before"] * 300
    assert book.reads == 1


async def test_nobody_gets_what_was_read_before_they_asked():
    book = Book()
    read = FreshReading(book.read)
    early = asyncio.create_task(read())
    await soon()
    book.text = "after"
    late = [asyncio.create_task(read()) for _ in range(10)]
    await soon()
    book.turned.set()

    assert await early == "before"
    assert set(await asyncio.gather(*late)) == {"after"}
    assert book.reads == 2


async def test_who_goes_away_takes_the_answer_from_nobody():
    book = Book()
    read = FreshReading(book.read)
    gone, stays = asyncio.create_task(read()), asyncio.create_task(read())
    await soon()
    gone.cancel()
    book.turned.set()

    assert await stays == "before"


async def test_a_failure_is_told_to_all_who_asked_and_the_next_reading_is_another():
    answers: list[str | Exception] = [OSError("disk"), "well"]

    async def fails_first() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    read = FreshReading(fails_first)

    told = await asyncio.gather(read(), read(), return_exceptions=True)

    assert [type(each) for each in told] == [OSError, OSError]
    assert await read() == "well"
