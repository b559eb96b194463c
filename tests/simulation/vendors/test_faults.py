import asyncio
from typing import Any

import pytest

from antiphon.simulation.vendors.faults import Cut, Fault, Wire
from antiphon.simulation.virtual_time import run_virtual


def sent_through(*faults: Fault, count: int = 5) -> tuple[list[str], list[int], float]:
    """Send "a", "b", "c"… doubled; return what arrived, the closing codes, and the seconds."""
    arrived: list[str] = []
    closed: list[int] = []

    async def main() -> float:
        async def send(message: str) -> None:
            arrived.append(message)

        async def close(code: int) -> None:
            closed.append(code)

        wire = Wire(list(faults), send, close)
        try:
            for letter in "abcdefgh"[:count]:
                await wire.send(letter * 4)
        except Cut:
            pass
        return asyncio.get_running_loop().time()

    seconds = run_virtual(main())
    return arrived, closed, seconds


@pytest.mark.parametrize(
    ("fault", "arrives", "codes"),
    [
        (Fault("stall", after=2), "aaaa bbbb", []),
        (Fault("disconnect", after=3, code=1011), "aaaa bbbb cccc", [1011]),
        (Fault("disconnect"), "", [0]),
        (Fault("malformed", after=1), "aaaa bb cccc dddd eeee", []),
        (Fault("duplicate", after=2), "aaaa bbbb cccc cccc dddd eeee", []),
        (Fault("out_of_order", after=1), "aaaa cccc bbbb dddd eeee", []),
        (Fault("slow_first_byte"), "aaaa bbbb cccc dddd eeee", []),
    ],
)
def test_a_fault_happens_at_its_position(fault: Fault, arrives: str, codes: list[int]) -> None:
    arrived, closed, _ = sent_through(fault)
    assert " ".join(arrived) == arrives
    assert closed == codes


def test_a_slow_first_byte_keeps_back_the_first_message_only() -> None:
    assert sent_through(Fault("slow_first_byte", seconds=7.5))[2] == 7.5


def test_faults_of_different_names_combine() -> None:
    arrived, closed, _ = sent_through(
        Fault("duplicate", after=0), Fault("disconnect", after=2, code=1001)
    )
    assert (arrived, closed) == (["aaaa", "aaaa", "bbbb"], [1001])


def test_a_fault_hits_the_connections_it_is_meant_for() -> None:
    hits = [Fault("stall", skip=1, times=2).hits(request) for request in range(5)]
    assert hits == [False, True, True, False, False]
    assert all(Fault("stall").hits(request) for request in range(5))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"name": "explode"}, "no fault 'explode'; there are refused, connect_delay"),
        ({"name": "status"}, "code=400…599, not 0"),
        ({"name": "disconnect", "code": 99}, "1000…4999, not 99"),
        ({"name": "stall", "after": -1}, "after >= 0"),
        ({"name": "stall", "times": 0}, "times >= 1"),
    ],
)
def test_an_impossible_fault_is_refused(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Fault(**arguments)
