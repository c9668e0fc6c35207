"""Takes numbers of a series in the order in which they become visible.

The first statement locks the series until the transaction ends. A reader that sees a number thus
sees all smaller ones, on PostgreSQL too, where a sequence would let them appear out of order.
"""

from typing import Final

from sqlalchemy import Connection, update

from core.stores.tables import counters

CHANGES: Final = "changes"
TICKETS: Final = "tickets"
PROBE: Final = "probe"
ACCESSES: Final = "accesses"


def take_numbers(connection: Connection, series: str, count: int) -> int:
    """Locks the series and takes `count` numbers, which may be 0; returns the last number in use."""
    taken = connection.execute(
        update(counters)
        .where(counters.c.name == series)
        .values(value=counters.c.value + count)
        .returning(counters.c.value)
    )
    value: int = taken.scalar_one()
    return value
