"""What every OutboxStore promises. Override `conversations` and `store`, over the same records."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import InvalidInput, NotFound
from core.outbox_ports import ChannelUser, Delivery, ItemState, OneTimeUse, Outbox, OutboxStep, OutgoingItem
from tests.contracts.conversation_store import opened
from tests.fakes import ManualClock

CITY, USER = "city", "o1"


def nothing(box: Outbox) -> OutboxStep:
    return OutboxStep(box.user)


def bound(box: Outbox) -> OutboxStep:
    return OutboxStep(replace(box.user, conversation_id="c1"))


def said(*texts: str, read_to: int = 0):
    def step(box: Outbox) -> OutboxStep:
        items = [OutgoingItem({"text": text}, sequence=read_to) for text in texts]
        return OutboxStep(replace(box.user, read_to=read_to), items)

    return step


def moved_to(state: ItemState, delivery: str = ""):
    def step(box: Outbox) -> OutboxStep:
        return OutboxStep(box.user, [replace(i, state=state, delivery=delivery) for i in box.items])

    return step


def texts_of(items) -> list[str]:
    return [item.body["text"] for item in items]


class OutboxStoreContract:
    """Inherit, and override `conversations` and `store` with fresh, empty ones that read `clock`."""

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    async def conversations(self, clock):
        raise NotImplementedError

    @pytest.fixture
    async def store(self, conversations):
        raise NotImplementedError

    @pytest.fixture
    async def known(self, store):
        """A user with a delivery, in an outbox that is empty otherwise."""
        await store.claim(CITY, Delivery("m:1", USER, "n1"), nothing)
        return store

    async def test_the_first_attempt_of_a_delivery_is_told_from_others(self, store, clock):
        first = await store.claim(CITY, Delivery("m:1", USER, "n1"), bound)
        again = await store.claim(CITY, Delivery("m:1", USER, "n2"), said("never"))

        assert first.is_first
        assert first.delivery == Delivery("m:1", USER, "n1", received_at=clock())
        assert first.user == ChannelUser(CITY, USER, "c1") == await store.user(CITY, USER)
        assert (again.is_first, again.delivery, again.user) == (False, first.delivery, first.user)
        assert await store.items(CITY, USER) == ()

    async def test_a_delivery_belongs_to_its_account(self, store):
        await store.claim(CITY, Delivery("m:1", USER), nothing)
        other = await store.claim("town", Delivery("m:1", USER), nothing)

        assert other.is_first
        assert await store.delivery("county", "m:1") is None

    async def test_of_many_attempts_at_once_one_is_the_first(self, store):
        claims = await asyncio.gather(
            *(store.claim(CITY, Delivery("m:1", USER, f"n{n}"), said("hello")) for n in range(8))
        )

        assert [claim.is_first for claim in claims].count(True) == 1
        assert texts_of(await store.items(CITY, USER)) == ["hello"]

    async def test_a_first_attempt_whose_step_fails_was_none(self, store):
        def fails(box: Outbox) -> OutboxStep:
            raise InvalidInput("no")

        with pytest.raises(InvalidInput):
            await store.claim(CITY, Delivery("m:1", USER), fails)
        assert await store.delivery(CITY, "m:1") is None
        assert (await store.claim(CITY, Delivery("m:1", USER), nothing)).is_first

    async def test_what_a_step_makes_of_the_user_is_kept(self, known):
        reminders, ledger = {"granted": {"t1": 2}, "told": 7}, {"spent": [1.5]}

        def step(box: Outbox) -> OutboxStep:
            return OutboxStep(replace(box.user, reminders=reminders, ledger=ledger, lost_track=True))

        made = await known.change(CITY, USER, step)
        user = await known.user(CITY, USER)
        assert user == made.user
        assert (user.reminders, user.ledger, user.lost_track) == (reminders, ledger, True)

    async def test_items_get_numbers_in_the_order_in_which_they_are_said(self, known, clock):
        made = await known.change(CITY, USER, said("一", "二"))
        more = await known.change(CITY, USER, said("三"))

        numbers = [item.number for item in (*made.items, *more.items)]
        assert numbers == sorted(set(numbers))
        assert numbers[0] > 0
        assert await known.items(CITY, USER) == (*made.items, *more.items)
        assert {item.since for item in made.items} == {clock()}

    async def test_a_step_gets_what_has_come_to_no_end(self, known, clock):
        await known.change(CITY, USER, said("一"))
        await known.change(CITY, USER, moved_to(ItemState.SENDING))
        clock.advance(timedelta(seconds=5))
        await known.change(CITY, USER, said("二"))
        boxes = []
        await known.change(CITY, USER, lambda box: (boxes.append(box), nothing(box))[1])

        [box] = boxes
        assert [(i.body["text"], i.state) for i in box.items] == [
            ("一", ItemState.SENDING),
            ("二", ItemState.WAITING),
        ]
        assert box.items[1].since - box.items[0].since == timedelta(seconds=5)

    @pytest.mark.parametrize("end", [ItemState.CARRIED, ItemState.SENT, ItemState.UNCLEAR, ItemState.SEEN])
    async def test_what_has_ended_is_no_more_to_be_said(self, known, end):
        await known.change(CITY, USER, said("一"))
        await known.change(CITY, USER, moved_to(end, "m:1"))

        assert await known.items(CITY, USER) == ()
        [item] = await known.items(CITY, USER, all_states=True)
        assert (item.state, item.delivery) == (end, "m:1")

    async def test_the_answer_of_a_delivery_is_kept(self, known):
        def answers(box: Outbox) -> OutboxStep:
            return OutboxStep(box.user, delivery=Delivery("m:1", USER, answer="<xml/>", done=True))

        await known.change(CITY, USER, answers)
        again = await known.claim(CITY, Delivery("m:1", USER, "n2"), nothing)

        assert (again.delivery.answer, again.delivery.done, again.delivery.nonce) == ("<xml/>", True, "n1")

    async def test_a_step_sees_the_delivery_that_it_is_about(self, known):
        seen = []

        def looks(box: Outbox) -> OutboxStep:
            seen.append(box.delivery)
            return OutboxStep(box.user)

        await known.claim(CITY, Delivery("m:2", USER, "n2"), looks)
        await known.change(CITY, USER, looks, delivery="m:1")
        await known.change(CITY, USER, looks)

        assert [delivery and delivery.key for delivery in seen] == ["m:2", "m:1", None]
        with pytest.raises(NotFound):
            await known.change(CITY, USER, looks, delivery="m:9")

    async def test_a_step_about_what_isnt_there_changes_nothing(self, known):
        with pytest.raises(NotFound):
            await known.change(CITY, "nobody", nothing)
        with pytest.raises(NotFound):
            await known.change(
                CITY, USER, lambda box: OutboxStep(bound(box).user, delivery=Delivery("m:9", USER))
            )
        assert (await known.user(CITY, USER)).conversation_id == ""

    async def test_steps_of_one_user_follow_one_another(self, known):
        def adds(box: Outbox) -> OutboxStep:
            return OutboxStep(replace(box.user, ledger={"n": box.user.ledger.get("n", 0) + 1}))

        await asyncio.gather(*(known.change(CITY, USER, adds) for _ in range(20)))

        assert (await known.user(CITY, USER)).ledger == {"n": 20}

    async def test_whose_log_goes_on_is_behind(self, conversations, known):
        await opened(conversations)
        await known.change(CITY, USER, bound)
        assert list(await known.behind(CITY)) == []
        event, _ = await conversations.append("c1", "notice", {"text": "好"})
        assert [user.user_id for user in await known.behind(CITY)] == [USER]
        assert [user.user_id for user in await known.behind(CITY, among=["c1", "c9"])] == [USER]
        assert list(await known.behind(CITY, among=["c9"])) == []
        await known.change(CITY, USER, said("好", read_to=event.sequence))

        assert list(await known.behind(CITY)) == []
        assert [user.user_id for user in await known.users_of(["c1", "c9"])] == [USER]
        assert list(await known.users_of([])) == []

    async def test_who_has_something_waiting_is_found_unless_a_delivery_may_carry_it(self, known, clock):
        def is_open(box: Outbox) -> OutboxStep:
            return OutboxStep(replace(box.user, answering_until=clock() + timedelta(seconds=4)))

        assert list(await known.waiting(CITY, clock())) == []
        await known.change(CITY, USER, said("一"))
        assert [user.user_id for user in await known.waiting(CITY, clock())] == [USER]
        await known.change(CITY, USER, is_open)
        assert list(await known.waiting(CITY, clock())) == []
        clock.advance(timedelta(seconds=4))

        assert [user.user_id for user in await known.waiting(CITY, clock())] == [USER]

    async def test_each_account_finds_its_own_however_many_another_has(self, conversations, known, clock):
        await opened(conversations)
        await known.change(CITY, USER, bound)
        await conversations.append("c1", "notice", {"text": "好"})
        await known.change(CITY, USER, said("一", read_to=0))

        assert (list(await known.behind("other", 1)), list(await known.waiting("other", clock(), 1))) == (
            [],
            [],
        )

    async def test_who_rests_is_not_looked_for_before(self, known, clock):
        def rests(box: Outbox) -> OutboxStep:
            return OutboxStep(replace(box.user, rests_until=clock() + timedelta(hours=1)))

        await known.change(CITY, USER, said("一"))
        await known.change(CITY, USER, rests)
        assert list(await known.waiting(CITY, clock())) == []
        clock.advance(timedelta(hours=1))

        assert [user.user_id for user in await known.waiting(CITY, clock())] == [USER]

    async def test_who_waits_longest_is_found_first(self, known, clock):
        def rests(seconds: int):
            def step(box: Outbox) -> OutboxStep:
                until = clock() + timedelta(seconds=seconds)
                return OutboxStep(replace(box.user, rests_until=until), said("一")(box).items)

            return step

        for number, seconds in enumerate((30, 10, 20)):
            await known.claim(CITY, Delivery(f"r:{number}", f"r{number}"), rests(seconds))
        clock.advance(timedelta(minutes=1))

        found = await known.waiting(CITY, clock())
        assert [user.user_id for user in found] == ["r1", "r2", "r0"]
        assert [user.user_id for user in await known.waiting(CITY, clock(), 1)] == ["r1"]

    @pytest.mark.parametrize("end", [ItemState.SENT, ItemState.SEEN])
    async def test_who_has_been_told_all_is_found_no_more(self, known, clock, end):
        await known.change(CITY, USER, said("一", "二"))
        await known.change(CITY, USER, lambda box: OutboxStep(box.user, [replace(box.items[0], state=end)]))
        assert [user.user_id for user in await known.waiting(CITY, clock())] == [USER]
        await known.change(CITY, USER, moved_to(end))

        assert list(await known.waiting(CITY, clock())) == []

    async def test_whose_items_are_forgotten_is_found_no_more(self, known, clock):
        await known.change(CITY, USER, said("一"))
        await known.claim(CITY, Delivery("m:2", "o2"), nothing)
        clock.advance(timedelta(days=3))
        await known.change(CITY, "o2", said("二"))
        await known.forget_deliveries(clock(), clock())

        assert [user.user_id for user in await known.waiting(CITY, clock())] == ["o2"]

    async def test_what_was_asked_for_is_kept_until_it_is_done(self, store, clock):
        def finished(box: Outbox) -> OutboxStep:
            return OutboxStep(box.user, delivery=replace(box.delivery, content="", done=True))

        await store.claim(CITY, Delivery("m:1", USER, content="一"), nothing)
        await store.claim("town", Delivery("m:1", USER, content="别处"), nothing)
        clock.advance(timedelta(seconds=1))
        await store.claim(CITY, Delivery("m:2", "o2", content="二"), nothing)
        clock.advance(timedelta(seconds=1))
        assert [d.content for d in await store.undone(CITY, clock())] == ["一", "二"]
        assert [d.content for d in await store.undone(CITY, clock() - timedelta(seconds=1))] == ["一"]
        assert [d.content for d in await store.undone(CITY, clock(), of="o2")] == ["二"]
        assert "一" not in repr(await store.delivery(CITY, "m:1"))
        await store.change(CITY, USER, finished, delivery="m:1")

        assert [d.key for d in await store.undone(CITY, clock())] == ["m:2"]
        assert (await store.delivery(CITY, "m:1")).done

    async def test_what_is_being_done_nobody_else_finds_undone(self, store, clock):
        await store.claim(CITY, Delivery("m:1", USER, content="一"), nothing)
        await store.claim(CITY, Delivery("m:2", "o2", content="二"), nothing)
        clock.advance(timedelta(seconds=30))
        await store.worked_on(CITY, ["m:1", "m:9"])
        clock.advance(timedelta(seconds=5))

        assert [d.key for d in await store.undone(CITY, clock() - timedelta(seconds=20))] == ["m:2"]
        clock.advance(timedelta(seconds=20))
        found = await store.undone(CITY, clock() - timedelta(seconds=20))
        assert [d.content for d in found] == ["一", "二"]

    async def test_what_holds_once_is_refused_as_its_first_use_says(self, store, clock):
        seen = []

        def check(first: Delivery) -> None:
            seen.append((first.nonce, first.received_at))
            if first.nonce != "m:1":
                raise InvalidInput("no")

        use = OneTimeUse("n:7", check)
        at = clock()
        assert (await store.claim(CITY, Delivery("m:1", USER), nothing, use=use)).is_first
        clock.advance(timedelta(seconds=1))
        assert not (await store.claim(CITY, Delivery("m:1", USER), nothing, use=use)).is_first
        assert seen == [("m:1", at)]
        other = OneTimeUse("n:8", check)
        await store.claim(CITY, Delivery("m:2", USER), nothing, use=other)
        with pytest.raises(InvalidInput):
            await store.claim(CITY, Delivery("m:3", USER), nothing, use=other)
        assert await store.delivery(CITY, "m:3") is None

    async def test_of_several_users_with_one_use_at_once_the_first_has_it(self, store):
        def check(first):
            raise InvalidInput("no")

        use = OneTimeUse("n:7", check)
        claims = (store.claim(CITY, Delivery(f"m:{n}", f"o{n}"), nothing, use=use) for n in range(6))
        ends = await asyncio.gather(*claims, return_exceptions=True)

        assert sorted(type(end).__name__ for end in ends) == ["Claimed"] + ["InvalidInput"] * 5

    async def test_who_claims_learns_what_of_the_users_was_left_undone_before(self, store, clock):
        await store.claim(CITY, Delivery("m:1", USER, content="一"), nothing)
        await store.claim(CITY, Delivery("m:9", "o2", content="别人"), nothing)
        clock.advance(timedelta(seconds=1))
        second = await store.claim(CITY, Delivery("m:2", USER, content="二"), nothing)
        clock.advance(timedelta(seconds=1))
        third = await store.claim(CITY, Delivery("m:3", USER, content="三"), nothing)

        assert [d.content for d in second.earlier] == ["一"]
        assert [d.content for d in third.earlier] == ["一", "二"]
        again = await store.claim(CITY, Delivery("m:2", USER), nothing)
        assert [d.content for d in again.earlier] == ["一"]

    async def test_what_is_old_is_forgotten_and_what_waits_is_not(self, known, clock):
        await known.change(CITY, USER, said("sent"))
        await known.change(CITY, USER, moved_to(ItemState.SENT))
        await known.change(CITY, USER, said("waits"))
        clock.advance(timedelta(days=3))

        assert await known.forget_deliveries(clock() - timedelta(days=1)) == 1
        assert texts_of(await known.items(CITY, USER, all_states=True)) == ["waits"]
        assert await known.delivery(CITY, "m:1") is None
        await known.forget_deliveries(clock(), clock() - timedelta(days=3))
        assert texts_of(await known.items(CITY, USER, all_states=True)) == ["waits"]
        await known.forget_deliveries(clock(), clock())
        assert texts_of(await known.items(CITY, USER, all_states=True)) == []

    async def test_a_user_whose_conversation_was_deleted_is_forgotten_with_what_is_old(
        self, conversations, known, clock
    ):
        await opened(conversations)
        await known.change(CITY, USER, bound)
        await known.claim(CITY, Delivery("m:2", "o2"), nothing)
        await known.forget_deliveries(clock(), clock())
        assert await known.user(CITY, USER) is not None
        clock.advance(timedelta(days=1))
        await conversations.purge_before(clock())
        await known.forget_deliveries(clock())
        assert await known.user(CITY, USER) is not None
        await known.forget_deliveries(clock(), clock())

        assert await known.user(CITY, USER) is None
        assert await known.user(CITY, "o2") is not None

    async def test_what_held_once_holds_no_more_when_its_user_is_forgotten(self, store):
        def refuse(first: Delivery) -> None:
            raise InvalidInput("no")

        use = OneTimeUse("n:7", refuse)
        await store.claim(CITY, Delivery("m:1", USER), nothing, use=use)
        await store.forget_user(CITY, USER)

        with pytest.raises(InvalidInput):
            await store.claim(CITY, Delivery("m:1", USER), nothing, use=use)

    async def test_a_user_is_forgotten_with_all_that_is_theirs(self, known):
        await known.change(CITY, USER, said("一"))
        await known.forget_user(CITY, USER)
        await known.forget_user(CITY, USER)

        assert await known.user(CITY, USER) is None
        assert await known.delivery(CITY, "m:1") is None
        assert list(await known.items(CITY, USER, all_states=True)) == []
