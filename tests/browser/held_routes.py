"""Requests of a page that wait until the test lets them go."""

from collections.abc import Callable

from playwright.sync_api import Route


def into(held: list[Route]) -> Callable[[Route], None]:
    """Holds what is asked for, until it is let go by hand."""

    def hold(route: Route) -> None:
        held.append(route)

    return hold
