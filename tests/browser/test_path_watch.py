"""When a path is taken for gone, and what is known of the next one; tried in the browser that runs it."""

import pytest
from playwright.sync_api import Page

from tests.browser.test_desk_library import page as page_of_library

pytestmark = pytest.mark.slow

page = page_of_library

LOOK = """async ([patience, looks]) => {
  const { Stillness } = await import('/static/js/lib/path_watch.js')
  const stillness = new Stillness(patience)
  return looks.map(([received, now]) => stillness.look(received, now))
}"""


def said(page: Page, *looks: tuple[int, int], patience: int = 1000) -> list[bool]:
    return page.evaluate(LOOK, [patience, looks])


def test_a_path_that_carried_something_and_now_nothing_is_doubted_once(page: Page):
    assert said(page, (10, 0), (20, 300), (20, 1299), (20, 1300), (20, 9000)) == [
        False,
        False,
        False,
        True,
        False,
    ]


def test_a_path_that_carries_little_is_not_doubted(page: Page):
    assert said(page, (10, 0), (11, 900), (12, 1800), (12, 2700), (13, 2799)) == [False] * 5


def test_a_path_that_never_carried_anything_is_not_doubted(page: Page):
    assert said(page, (0, 0), (0, 5000), (0, 9000)) == [False] * 3


def test_what_flows_again_can_stop_again(page: Page):
    assert said(page, (1, 0), (2, 100), (2, 1100), (3, 1200), (3, 2200)) == [False, False, True, False, True]


def test_a_count_that_begins_anew_is_another_flow(page: Page):
    assert said(page, (900, 0), (950, 100), (4, 200), (4, 1100), (4, 1200)) == [False] * 4 + [True]


ASK = """async (answers) => {
  const { freshOrKnown } = await import('/static/js/lib/connection_waits.js')
  const ask = freshOrKnown(() => {
    const answer = answers.shift()
    if (answer === 'never') return new Promise(() => {})
    return answer === 'fails' ? Promise.reject(new Error('fails')) : Promise.resolve(answer)
  }, 20)
  const got = []
  while (answers.length) got.push(await ask().catch(({ message }) => message))
  return got
}"""


def test_a_fresh_answer_is_taken_and_else_the_one_before(page: Page):
    assert page.evaluate(ASK, ["a", "b", "never", "fails", "c", "never"]) == ["a", "b", "b", "b", "c", "c"]


def test_without_one_before_a_failure_is_told(page: Page):
    assert page.evaluate(ASK, ["fails", "a"]) == ["fails", "a"]
