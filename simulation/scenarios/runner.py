"""Runs of a scenario, each in a process of its own, so that none inherits what another has kept."""

import asyncio
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import zip_longest
from multiprocessing.context import BaseContext
from multiprocessing.sharedctypes import SynchronizedArray
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loguru import logger

from antiphon.simulation.scenarios.schema import Scenario

if TYPE_CHECKING:
    from antiphon.simulation.recording import CallRecorder
    from antiphon.simulation.scenarios.play import Played

__all__ = ["How", "Run", "first_difference", "run_scenario"]

SHOWN_CHARS = 160
"""Of a frame that differs."""

_progress: "SynchronizedArray[float] | None" = None
"""In the process that plays: seconds of call and turns so far, for the one that shows them."""


@dataclass(frozen=True, kw_only=True)
class How:
    """How calls are made; see `simulate`."""

    real_time: bool
    transport: Literal["memory", "twilio", "telnyx", "plivo"]
    url: str | None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a scenario.

    Parameters:
        played: The call, and how it differed from what was expected.
        frames: The frame log: every hop of every frame.
        wall_secs: How long the run took in real time.
    """

    played: "Played"
    frames: list[str]
    wall_secs: float


def run_scenario(
    scenario: Scenario,
    *,
    out: Path | None,
    how: How,
    log_frames: bool,
    show: Callable[[float, int], None],
) -> Run:
    """Play a scenario in a new process.

    Args:
        scenario: What to play.
        out: A folder for what the call leaves behind.
        how: How the call is made.
        log_frames: Keep the frame log, which takes time too.
        show: Is told ten times a second how many seconds and turns of the call are over.
    """
    began = time.perf_counter()
    context = _processes()
    progress = context.Array("d", 2)
    with ProcessPoolExecutor(
        1, mp_context=context, initializer=_begin, initargs=(progress,)
    ) as process:
        job = process.submit(_play, scenario, out, how, log_frames)
        while not job.done():
            wait([job], timeout=0.1)
            show(progress[0], int(progress[1]))
        played, frames = job.result()
    return Run(played=played, frames=frames, wall_secs=time.perf_counter() - began)


def first_difference(first: Run, again: Run) -> str | None:
    """Return where a run is first another call than the run before it; None if it is the same.

    Args:
        first: A run with its frame log.
        again: Another run of the same scenario.
    """
    for was, now in zip_longest(first.frames, again.frames, fillvalue=""):
        if was != now:
            at_secs = (now or was).split()[0]
            return f"from {float(at_secs):.2f} s on: {_shown(now)} instead of {_shown(was)}"
    return None


def _shown(line: str) -> str:
    _, _, hop = line.partition(" ")
    return hop[:SHOWN_CHARS] + "…" * (len(hop) > SHOWN_CHARS) or "nothing"


def _processes() -> BaseContext:
    """Return where processes come from: one that has imported everything and said nothing."""
    os.environ.setdefault("LOGURU_AUTOINIT", "False")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["antiphon.simulation.scenarios.play"])
    return context


def _begin(progress: "SynchronizedArray[float]") -> None:
    global _progress
    _progress = progress
    sys.path.insert(0, "")  # a factory may be in the current folder
    logger.remove()
    # Pipecat and the vendors' SDKs warn of each other's deprecations, whatever the filter.
    warnings.showwarning = lambda *_, **__: None


def _play(
    scenario: Scenario, out: Path | None, how: How, log_frames: bool
) -> tuple["Played", list[str]]:
    from antiphon.simulation.runs import FrameLog
    from antiphon.simulation.scenarios.play import play
    from antiphon.simulation.virtual_time import run_virtual

    log = FrameLog()
    call = play(
        scenario,
        out=out,
        follow=_follow,
        transport=how.transport,
        url=how.url,
        observers=[log] if log_frames else [],
    )
    return (asyncio.run if how.real_time else run_virtual)(call), log.lines


async def _follow(recorder: "CallRecorder", lines: int) -> None:
    assert _progress is not None
    while True:
        await asyncio.sleep(0.5)
        record = recorder.record()
        _progress[:] = [record.duration_secs, len(record.caller_turns)]
