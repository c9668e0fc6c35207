"""A live sequence shows what is there now."""

from core.live_sequence import LiveSequence


def test_an_item_is_looked_up_each_time():
    now = {"first": 1, "second": 2}
    view = LiveSequence([lambda: now["first"], lambda: now["second"]])
    assert list(view) == [1, 2]

    now["second"] = 3

    assert view[1] == view[-1] == 3
    assert view[:] == [1, 3]
    assert len(view) == 2
