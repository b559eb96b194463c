"""Virtual time: ten minutes of a call in a second, and the same run every time.

The loop is looptime's: whenever nothing is left to do, time jumps to the next timer. Two things
Pipecat does would still follow the wall clock, and are brought along here: its modules read
`time.time` and `time.monotonic`, and it works on threads (VAD, turn analyzers, resampling).
Sockets work, but only between peers in the same loop: anyone else's time does not jump.
"""

import asyncio
import datetime as real_datetime
import importlib
import random
import sys
import time as real_time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from types import BuiltinFunctionType, ModuleType
from typing import Any, TypeVar

import looptime
from loguru import logger

__all__ = ["EPOCH", "VirtualLoop", "make_virtual", "run_virtual", "virtual_time"]

T = TypeVar("T")

VirtualLoop = looptime.LoopTimeEventLoop

EPOCH = 1_767_225_600.0
"""What `time.time()` says at virtual second 0 (2026-01-01T00:00:00Z), so that logs repeat."""

# Pipecat's SystemClock takes a start at 0 to mean "not started".
_MONOTONIC_ORIGIN = 1_000.0

# A timer is due once nothing is ready and no socket has data. Data sent over loopback is there
# when the send returns, so looptime's 42 idle rounds before each jump would only cost time.
_IDLE_ROUNDS = 2

# The step of looptime's clock.
_STEP_SECS = 1e-6

# A thread that needs longer is most likely waiting for the loop itself.
_THREAD_PATIENCE_SECS = 5.0

_CLOCK_FUNCTIONS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter")

# Imported before their clocks are replaced, so that a test may import them late.
_PIPECAT_CLOCK_READERS = (
    "pipecat.audio.resamplers.soxr_stream_resampler",
    "pipecat.audio.turn.smart_turn.base_smart_turn",
    "pipecat.audio.vad.vad_controller",
    "pipecat.clocks.system_clock",
    "pipecat.observers.startup_timing_observer",
    "pipecat.observers.user_bot_latency_observer",
    "pipecat.pipeline.worker",
    "pipecat.processors.audio.audio_buffer_processor",
    "pipecat.processors.frameworks.rtvi.observer",
    "pipecat.processors.metrics.frame_processor_metrics",
    "pipecat.services.llm_service",
    "pipecat.services.stt_service",
    "pipecat.services.tts_service",
    "pipecat.transports.base_input",
    "pipecat.transports.base_output",
    "pipecat.turns.user_stop.turn_analyzer_user_turn_stop_strategy",
    "pipecat.utils.time",
)


class _ClockModule(ModuleType):
    """Stands in for the `time` module inside the packages that follow the loop."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__("time")
        self._now = now
        self._last_ns = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(real_time, name)

    def time(self) -> float:
        return EPOCH + self._now()

    def time_ns(self) -> int:
        return round(self.time() * 1e9)

    def monotonic(self) -> float:
        return _MONOTONIC_ORIGIN + self._now()

    def monotonic_ns(self) -> int:
        # Never the same twice, like a real one: Pipecat's clock counts these from its start, and
        # a word that is shown at 0 counts as one without a time.
        self._last_ns = max(self._last_ns + 1, round(self.monotonic() * 1e9))
        return self._last_ns

    perf_counter = monotonic
    perf_counter_ns = monotonic_ns


class _DatetimeModule(ModuleType):
    """Stands in for the `datetime` module where Pipecat stamps its messages."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__("datetime")

        class VirtualDatetime(real_datetime.datetime):
            @classmethod
            def now(cls, tz: real_datetime.tzinfo | None = None) -> "VirtualDatetime":
                return cls.fromtimestamp(EPOCH + now(), tz)

        self.datetime = VirtualDatetime

    def __getattr__(self, name: str) -> Any:
        return getattr(real_datetime, name)


@contextmanager
def _clocks_follow(now: Callable[[], float], packages: tuple[str, ...]) -> Iterator[None]:
    """Give the modules of `packages` a clock of their own, and take it back at the end."""
    for name in _PIPECAT_CLOCK_READERS:
        importlib.import_module(name)
    clock = _ClockModule(now)
    modules: dict[ModuleType, ModuleType] = {
        real_time: clock,
        real_datetime: _DatetimeModule(now),
    }
    functions = {getattr(real_time, name): getattr(clock, name) for name in _CLOCK_FUNCTIONS}
    prefixes = tuple(f"{package}." for package in packages)
    with ExitStack() as undo:
        for name, module in list(sys.modules.items()):
            if name == __name__ or not name.startswith(prefixes):
                continue
            for attribute in ("time", "datetime"):
                original = module.__dict__.get(attribute)
                if isinstance(original, ModuleType) and original in modules:
                    setattr(module, attribute, modules[original])
                    undo.callback(setattr, module, attribute, original)
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__ == name:
                    _replace_defaults(vars(value).get("__init__"), functions, undo)
        yield


def _replace_defaults(init: Any, functions: dict[Any, Any], undo: ExitStack) -> None:
    """Replace the clock that a constructor took when its module was imported.

    `time_source=time.time` is a keyword's default; a dataclass keeps
    `field(default_factory=time.time)` in a closure of the `__init__` that it wrote.
    """
    for name, value in (getattr(init, "__kwdefaults__", None) or {}).items():
        if isinstance(value, BuiltinFunctionType) and value in functions:
            init.__kwdefaults__[name] = functions[value]
            undo.callback(init.__kwdefaults__.__setitem__, name, value)
    for cell in getattr(init, "__closure__", None) or ():
        value = cell.cell_contents
        if isinstance(value, BuiltinFunctionType) and value in functions:
            cell.cell_contents = functions[value]
            undo.callback(setattr, cell, "cell_contents", value)


def wait_for_thread(job: Future[Any]) -> None:
    """Hold the loop while a thread works (the blocked-loop fixture knows this function)."""
    wait([job], timeout=_THREAD_PATIENCE_SECS)


@contextmanager
def _threads_finish_first(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let work on threads finish at the moment, and in the order, in which it was handed out."""
    default = ThreadPoolExecutor(thread_name_prefix="virtual-time")

    def run_in_executor(
        executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        job = (executor or default).submit(func, *args)
        wait_for_thread(job)
        if not job.done():
            logger.warning(
                f"virtual time: work on a thread took over {_THREAD_PATIENCE_SECS} s; "
                "the loop goes on without it, so this run may not repeat exactly"
            )
            return asyncio.wrap_future(job, loop=loop)
        future: asyncio.Future[T] = loop.create_future()
        if error := job.exception():
            future.set_exception(error)
        else:
            future.set_result(job.result())
        return future

    loop.run_in_executor = run_in_executor  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del loop.run_in_executor
        default.shutdown(wait=False)


@contextmanager
def _timers_take_time(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let no timer be due at the moment at which it is set.

    Who waits for the rest of a while, and is left with a rounding error, would do so for ever.
    """
    call_later = loop.call_later

    def later(delay: float, *args: Any, **kwargs: Any) -> asyncio.TimerHandle:
        return call_later(max(delay, _STEP_SECS) if delay > 0 else delay, *args, **kwargs)

    loop.call_later = later  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del loop.call_later


@contextmanager
def _chance_repeats() -> Iterator[None]:
    """Seed what draws at random, such as the SDKs' waits before another try."""
    state = random.getstate()
    random.seed(1)
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def make_virtual(
    loop: asyncio.AbstractEventLoop, *, packages: tuple[str, ...] = ("pipecat", "antiphon")
) -> Iterator[VirtualLoop]:
    """Run an event loop that is not yet running in virtual time, from second 0.

    Args:
        loop: A selector event loop, such as `asyncio.new_event_loop()` gives on Linux and macOS.
        packages: Top-level packages whose modules read the loop's time when they call
            `time.time`, `time.monotonic` or `datetime.datetime.now` through the module. Modules
            imported later, and names imported with `from time import …`, stay on real time.

    Yields:
        The same loop; `loop.time()` is the virtual time in seconds.

    Raises:
        TypeError: If the loop is of a kind whose time cannot be replaced.
    """
    if not isinstance(loop, asyncio.SelectorEventLoop):
        raise TypeError(
            f"virtual time needs an asyncio selector event loop, not {type(loop).__name__}"
        )
    virtual = looptime.patch_event_loop(loop)
    virtual.setup_looptime(start=0, noop_cycles=_IDLE_ROUNDS)
    # Imported here, because it brings Pipecat's services.
    from antiphon.services.espeak import synthesizer
    from antiphon.services.pocketsphinx import stt
    from antiphon.services.whisper import engine

    synthesizer.start_afresh()
    stt.start_afresh()
    engine.start_afresh()
    with ExitStack() as stack:
        if not virtual.looptime_on:
            stack.enter_context(virtual.looptime_enabled())
        stack.enter_context(_clocks_follow(virtual.time, packages))
        stack.enter_context(_threads_finish_first(virtual))
        stack.enter_context(_timers_take_time(virtual))
        stack.enter_context(_chance_repeats())
        yield virtual


@contextmanager
def virtual_time(
    *, packages: tuple[str, ...] = ("pipecat", "antiphon")
) -> Iterator[asyncio.Runner]:
    """Give an `asyncio.Runner` whose loop runs in virtual time.

    Args:
        packages: As for `make_virtual`.

    Yields:
        The runner: `with virtual_time() as runner: runner.run(main())`.
    """
    with asyncio.Runner() as runner, make_virtual(runner.get_loop(), packages=packages):
        yield runner


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time, as `asyncio.run` does in real time.

    Args:
        main: The coroutine to run.

    Returns:
        What it returned.
    """
    with virtual_time() as runner:
        return runner.run(main)
