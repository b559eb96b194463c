import asyncio
import datetime
import itertools
import random
import threading
import time
from collections.abc import Callable
from types import ModuleType

import pipecat.transports.base_output
import pipecat.utils.time
import pytest
from pipecat.clocks.system_clock import SystemClock
from pipecat.frames.frames import (
    BotSpeakingFrame,
    InterruptionFrame,
    VADUserStartedSpeakingFrame,
)
from pipecat.observers.user_bot_latency_observer import UserBotLatencyObserver

from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS, Latency
from antiphon.simulation.runs import FrameLog
from antiphon.simulation.virtual_time import EPOCH, make_virtual, run_virtual, virtual_time

from .calls import call, question_then_barge_in


def pipecat_time() -> ModuleType:
    """What the output transport takes for the `time` module."""
    module = vars(pipecat.transports.base_output)["time"]
    assert isinstance(module, ModuleType)
    return module


def observer_clock() -> Callable[[], float]:
    """The clock that an observer took as a default when it was imported."""
    defaults = UserBotLatencyObserver.__init__.__kwdefaults__
    assert defaults is not None
    clock: Callable[[], float] = defaults["time_source"]
    return clock


REPLY = "We are open from nine to five every day of the week. Is there anything else I can do?"


def whole_call(*, smart_turn: bool = False) -> list[str]:
    log = FrameLog()
    run_virtual(
        call(
            FakeSTT(script=["what are your opening hours", "and on sunday"]),
            FakeLLM(script=[REPLY, "On Sunday we rest."], latency=Latency(median=0.3, p95=0.9)),
            FakeTTS(),
            question_then_barge_in(),
            observers=[log],
            smart_turn=smart_turn,
        )
    )
    return log.lines


@pytest.mark.system
def test_twenty_runs_of_a_whole_call_with_vad_leave_the_same_frame_log() -> None:
    first = whole_call()
    told = "\n".join(first)
    for kind in (VADUserStartedSpeakingFrame, BotSpeakingFrame, InterruptionFrame):
        assert kind.__name__ in told
    assert [whole_call() == first for _ in range(19)] == [True] * 19


def test_a_call_with_the_smart_turn_model_on_its_thread_repeats_too() -> None:
    assert whole_call(smart_turn=True) == whole_call(smart_turn=True)


def test_the_agent_is_said_to_speak_five_times_a_second_of_virtual_time() -> None:
    spoken = [line for line in whole_call() if "MemoryOutput -> " in line]
    times = [float(line.split()[0]) for line in spoken if "BotSpeakingFrame" in line]
    first_answer = [at for at in times if at < 3.8]
    gaps = [b - a for a, b in itertools.pairwise(first_answer)]
    assert len(first_answer) >= 5
    assert all(gap + 1e-6 >= 0.2 and gap <= 0.25 for gap in gaps)


def test_pipecats_clocks_follow_the_loop() -> None:
    async def main() -> None:
        await asyncio.sleep(3600)
        assert pipecat_time().time() == EPOCH + 3600
        assert VADUserStartedSpeakingFrame().timestamp == EPOCH + 3600
        assert pipecat.utils.time.time_now_iso8601() == "2026-01-01T01:00:00.000+00:00"
        started = pipecat_time().monotonic()
        await asyncio.sleep(2.5)
        assert pipecat_time().monotonic() - started == 2.5

    run_virtual(main())


def test_real_time_is_back_after_the_run() -> None:
    keyword_default = observer_clock()

    async def main() -> None:
        assert observer_clock()() == EPOCH
        raise RuntimeError("the call failed")

    with pytest.raises(RuntimeError, match="the call failed"):
        run_virtual(main())
    assert pipecat_time() is time
    assert vars(pipecat.utils.time)["datetime"] is datetime
    assert observer_clock() is keyword_default
    assert VADUserStartedSpeakingFrame().timestamp > EPOCH


def test_pipecats_clock_has_left_zero_before_anyone_reads_it() -> None:
    async def main() -> list[int]:
        clocks = [SystemClock(), SystemClock()]
        for clock in clocks:
            clock.start()
        # A frame at 0 counts as one without a time, and is played at another place.
        return [clock.get_time() for clock in clocks]

    assert all(0 < nanoseconds < 1000 for nanoseconds in run_virtual(main()))


def test_what_is_drawn_at_random_repeats_and_leaves_no_trace() -> None:
    async def draw() -> float:
        return random.random()

    before = random.getstate()
    assert run_virtual(draw()) == run_virtual(draw())
    assert random.getstate() == before


def test_work_on_a_thread_is_done_before_time_moves() -> None:
    async def main() -> tuple[float, list[str]]:
        loop = asyncio.get_running_loop()
        order: list[str] = []

        async def thread_work() -> float:
            await asyncio.to_thread(threading.Event().wait, 0.05)
            order.append("thread")
            return loop.time()

        async def timer() -> None:
            await asyncio.sleep(0.001)
            order.append("timer")

        at, _ = await asyncio.gather(thread_work(), timer())
        return at, order

    assert run_virtual(main()) == (0.0, ["thread", "timer"])


def test_an_error_on_a_thread_reaches_its_caller() -> None:
    async def main() -> None:
        await asyncio.to_thread(int, "seven")

    with pytest.raises(ValueError, match="seven"):
        run_virtual(main())


def test_a_runner_keeps_one_time_for_several_coroutines() -> None:
    async def sleep_and_tell(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return asyncio.get_running_loop().time()

    with virtual_time() as runner:
        assert runner.run(sleep_and_tell(600)) == 600
        assert runner.run(sleep_and_tell(60)) == 660


def test_a_loop_without_a_clock_of_its_own_is_refused() -> None:
    class OtherLoop(asyncio.AbstractEventLoop):
        pass

    with pytest.raises(TypeError, match="not OtherLoop"), make_virtual(OtherLoop()):
        pass


def test_what_waits_for_the_rest_of_a_while_does_not_wait_for_ever() -> None:
    """The rest may be a rounding error, shorter than any step of the clock."""

    async def wait_a_second(from_secs: float) -> int:
        await asyncio.sleep(from_secs)
        since, asked = pipecat_time().monotonic(), 0
        while (rest := since + 1.0 - pipecat_time().monotonic()) > 0 and asked < 10:
            asked += 1
            await asyncio.sleep(rest)
        return asked

    async def wait() -> int:
        # In the second in which the clock passes a power of two, and is rounded otherwise.
        begins = (23 + index * 0.001997 for index in range(500))
        return max(await asyncio.gather(*map(wait_a_second, begins)))

    assert run_virtual(wait()) <= 2
