"""A citizen at the page: what they do, and what they get to see."""

import time
from collections.abc import Sequence
from unicodedata import normalize

from playwright.sync_api import Locator, Page, expect

from tests.browser.patience import PATIENCE_S


class Citizen:
    """Acts on the page as a person does, by what is written and named there."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def field(self) -> Locator:
        return self.page.get_by_label("您的问题")

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("status")

    def asks(self, question: str) -> None:
        self.field.fill(question)
        self.field.press("Enter")

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def turns(self) -> Sequence[tuple[str, str]]:
        """The conversation as (who, first words), in order of the page."""
        return self.page.locator(".messages > .turn:not(.turn--typing)").evaluate_all(
            """turns => turns.map(turn => [
                 turn.className.match(/turn--(citizen|bot|line|agent)/)[1],
                 (turn.querySelector('.bubble, .card__title, .line')?.textContent ?? '').trim().slice(0, 12)
               ])""",
        )

    def sees_turns(self, *expected: tuple[str, str]) -> None:
        """Waits until the conversation is exactly this."""
        until = time.monotonic() + PATIENCE_S
        while not _are(seen := self.turns(), expected):
            assert time.monotonic() < until, (seen, expected)
            self.page.wait_for_timeout(20)

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def chooses_setting(self, name: str) -> None:
        self.page.locator("summary", has_text="设置").click()
        self.page.get_by_role("button", name=name).click()


def _are(seen: Sequence[tuple[str, str]], expected: Sequence[tuple[str, str]]) -> bool:
    """The service stores citizens' words in one width, so a reload may change their punctuation."""
    return len(seen) == len(expected) and all(
        who == wanted and normalize("NFKC", words).startswith(normalize("NFKC", begins)[:12])
        for (who, words), (wanted, begins) in zip(seen, expected, strict=True)
    )
