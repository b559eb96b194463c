"""Places are promised, taken and given back."""

from hypothesis import given
from hypothesis import strategies as st

from antiphon.pipeline.server.access.admission import Admission, Refusal


def test_the_last_place_is_promised_and_the_next_call_is_refused() -> None:
    places = Admission(capacity=2)
    answers = [places.promise(key, now=0.0) for key in "abc"]
    assert answers == [None, None, Refusal.FULL]


def test_a_promise_that_nobody_keeps_frees_its_place() -> None:
    places = Admission(capacity=1, promise_secs=60)
    places.promise("a", now=0.0)
    assert places.promise("b", now=59.0) is Refusal.FULL
    assert places.promise("b", now=60.0) is None


def test_who_does_not_wait_holds_nobody_up() -> None:
    places = Admission(capacity=1)
    places.promise("a", now=0.0)
    assert places.promise("b", now=0.0) is Refusal.FULL
    places.withdraw("a")
    assert places.promise("c", now=0.0) is None


def test_the_same_caller_asking_again_takes_no_second_place() -> None:
    places = Admission(capacity=1)
    assert places.promise("a", now=0.0) is None
    assert places.promise("a", now=1.0) is None


def test_a_withdrawn_promise_frees_its_place() -> None:
    places = Admission(capacity=1)
    places.promise("a", now=0.0)
    places.withdraw("a")
    assert places.promise("b", now=0.0) is None


def test_a_call_that_ends_frees_its_place() -> None:
    places = Admission(capacity=1)
    places.promise("a", now=0.0)
    places.enter("a")
    assert places.promise("b", now=0.0) is Refusal.FULL
    places.leave()
    assert places.promise("b", now=0.0) is None


def test_who_waits_gets_a_place_in_the_order_in_which_they_came() -> None:
    places = Admission(capacity=1)
    places.promise("a", now=0.0)
    assert [places.promise(key, now=1.0, wait=True) for key in "bc"] == [Refusal.FULL] * 2
    places.withdraw("a")
    assert places.promise("c", now=2.0, wait=True) is Refusal.FULL
    assert places.promise("d", now=2.0) is Refusal.FULL
    assert places.promise("b", now=2.0, wait=True) is None


def test_who_leaves_the_queue_holds_nobody_up() -> None:
    places = Admission(capacity=1)
    places.promise("a", now=0.0)
    for key in "bcd":
        places.promise(key, now=0.0, wait=True)
    places.withdraw("a")
    places.withdraw("b")
    places.promise("d", now=59.0, wait=True)
    assert places.promise("d", now=61.0, wait=True) is None


def test_the_queue_has_an_end() -> None:
    places = Admission(capacity=1)
    places.promise("a", now=0.0)
    for number in range(1001):
        places.promise(str(number), now=0.0, wait=True)
    for number in range(1000):
        places.withdraw(str(number))
    places.withdraw("a")
    assert places.promise("new", now=0.0) is None


def test_while_draining_nobody_new_is_promised_a_place() -> None:
    places = Admission(capacity=9)
    places.draining = True
    assert places.promise("a", now=0.0) is Refusal.DRAINING


def test_who_was_promised_a_place_gets_it_even_while_draining() -> None:
    places = Admission(capacity=1)
    places.promise("a", now=0.0)
    places.draining = True
    places.enter("a")
    assert places.active == 1


@given(st.lists(st.sampled_from("pel")), st.integers(1, 4))
def test_no_more_calls_than_places(steps: list[str], capacity: int) -> None:
    places = Admission(capacity=capacity)
    promised: list[str] = []
    for number, step in enumerate(steps):
        if step == "p" and places.promise(str(number), now=0.0) is None:
            promised.append(str(number))
        elif step == "e" and promised:
            places.enter(promised.pop())
        elif step == "l" and places.active:
            places.leave()
        assert places.active + len(promised) <= capacity
