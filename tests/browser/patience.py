"""Waiting, in the test of a page, for what no locator shows."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

PATIENCE_S = 45.0
"""A slow machine must not fail a test."""

PATIENCE_MS = PATIENCE_S * 1000
_LOOK_MS = 20


def comes_true(page: Page, condition: Callable[[], object]) -> None:
    """Returns when the condition holds; the page goes on meanwhile. Fails the test after `PATIENCE_S`."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            pytest.fail("it never came true")
        page.wait_for_timeout(_LOOK_MS)
