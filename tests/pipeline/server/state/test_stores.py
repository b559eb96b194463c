"""What every store of the shared state does."""

import time
from collections.abc import Callable

from antiphon.pipeline.server.state.interface import SharedState

Stores = Callable[..., SharedState]


async def test_the_last_place_is_promised_and_the_next_call_is_refused(stores: Stores) -> None:
    state = stores(capacity=2)
    assert [await state.promise(key) for key in "abc"] == [None, None, "full"]
    assert await state.promise("a") is None


async def test_a_place_is_taken_until_it_is_left(stores: Stores) -> None:
    state = stores()
    assert await state.promise("a") is None
    state.enter("a")
    assert await state.promise("b") == "full"
    assert (await state.status()) == {"ready": True, "active": 1, "capacity": 1}
    state.leave()
    assert await state.promise("b") is None


async def test_who_calls_again_while_the_first_call_ends_has_a_place_of_its_own(
    stores: Stores,
) -> None:
    state = stores(capacity=2)
    assert await state.promise("a") is None
    state.enter("a")
    assert await state.promise("a") is None
    state.leave()
    assert await state.promise("b") is None
    assert await state.promise("c") == "full"


async def test_a_withdrawn_promise_frees_its_place_at_once(stores: Stores) -> None:
    state = stores()
    assert await state.promise("a") is None
    state.withdraw("a")
    assert await state.promise("b") is None


async def test_who_waits_gets_a_place_in_the_order_in_which_they_came(stores: Stores) -> None:
    state = stores()
    await state.promise("a")
    assert [await state.promise(key, True) for key in "zyx"] == ["full"] * 3
    state.withdraw("a")
    state.withdraw("z")
    assert await state.promise("x", True) == "full"
    assert await state.promise("d") == "full"
    assert await state.promise("y", True) is None


async def test_the_queue_has_an_end(stores: Stores) -> None:
    state = stores()
    await state.promise("a")
    for number in range(1001):
        await state.promise(str(number), True)
    for number in range(1000):
        state.withdraw(str(number))
    state.withdraw("a")
    assert await state.promise("new") is None


async def test_a_closed_server_promises_nothing_and_keeps_what_was_promised(stores: Stores) -> None:
    state = stores()
    assert await state.promise("a") is None
    state.close()
    assert await state.promise("b") == "draining"
    state.enter("a")
    assert (await state.status())["active"] == 1
    assert not (await state.status())["ready"]


async def test_what_is_good_once_is_used_once(stores: Stores) -> None:
    state = stores()
    expires_at = time.time() + 60
    assert [await state.use(name, expires_at) for name in "aab"] == [True, False, True]


async def test_what_is_told_again_is_no_news_until_it_is_forgotten(stores: Stores) -> None:
    state = stores()
    assert [await state.first(event, 60) for event in "aab"] == [True, False, True]
    await state.forget("a")
    assert await state.first("a", 60)
    assert not await state.first("b", 60)


async def test_who_tries_too_often_is_refused_and_others_are_not(stores: Stores) -> None:
    state = stores()
    assert [await state.hit("2/minute", "ann") for _ in range(3)] == [True, True, False]
    assert await state.hit("2/minute", "bob")


async def test_a_handoff_is_found_by_its_id_only(stores: Stores) -> None:
    state = stores()
    handoff = {"summary": "a wrong bill", "transcript": ["user: hi"], "parameters": {"a": "b"}}
    handoff_id = await state.keep(handoff)
    assert await state.find(handoff_id) == handoff
    assert await state.find("another") is None
