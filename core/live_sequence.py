"""A sequence whose items are looked up each time they are asked for."""

from collections.abc import Callable, Sequence
from typing import TypeVar, overload

Item_co = TypeVar("Item_co", covariant=True)


class LiveSequence(Sequence[Item_co]):
    """What each of `looks` finds now: the addresses of processes that may move, say."""

    def __init__(self, looks: Sequence[Callable[[], Item_co]]) -> None:
        self._looks = tuple(looks)

    @overload
    def __getitem__(self, index: int) -> Item_co: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Item_co]: ...

    def __getitem__(self, index: int | slice) -> Item_co | Sequence[Item_co]:
        if isinstance(index, slice):
            return [look() for look in self._looks[index]]
        return self._looks[index]()

    def __len__(self) -> int:
        return len(self._looks)
