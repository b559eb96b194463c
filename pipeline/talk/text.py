"""A call without sound: what is typed is the caller's turn, and what the agent says is printed.

It is the agent's own pipeline, in which nobody listens and a printer stands for the voice. So it
needs neither the recogniser nor the voice, nor a browser.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pipecat.frames.frames import (
    AggregatedTextFrame,
    ControlFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    LLMAssistantPushAggregationFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.text.base_text_aggregator import TextType
from pipecat.workers.runner import WorkerRunner

from antiphon.core.frames import GoodbyeFrame
from antiphon.pipeline.agent import VoiceAgent
from antiphon.pipeline.turns import TurnSettings
from antiphon.processors.safe_processor import SafeProcessor
from antiphon.processors.sentences import SentenceSettings
from antiphon.processors.sentences.spoken import say_plainly
from antiphon.transports import MemoryTransport

__all__ = ["WITHOUT_SOUND", "converse", "without_sound"]

ANSWER_SECS = 90.0
"""A model that has not answered by then does not."""

T = TypeVar("T")

# What an agent is without ears, voice and clock.
WITHOUT_SOUND: dict[str, Any] = {
    "stt": IdentityFilter,
    "tts": IdentityFilter,
    "pronunciations": {},
    "noise": None,
    "turns": TurnSettings(silence_secs=1.0, reprompts=()),
    "interruption": None,
    "latency": None,
}


def without_sound(agent: object) -> VoiceAgent:
    """Return an agent as it is where nothing is heard: with its model, its tools and its redaction.

    Args:
        agent: The agent, which must be a `VoiceAgent`.

    Raises:
        ValueError: If it is another.
    """
    if not isinstance(agent, VoiceAgent):
        raise ValueError("--text needs a VoiceAgent: another agent's calls are not without sound")
    sentences = agent.sentences or SentenceSettings()
    return replace(agent, **WITHOUT_SOUND, sentences=sentences, languages=(), voices={}, phrases={})


async def converse(
    agent: VoiceAgent,
    *,
    read: Callable[[], str],
    write: Callable[[str], None],
    complain: Callable[[str], None],
    prompt: str = "",
) -> bool:
    """Have one conversation, until the agent has said goodbye or there is no more to read.

    Args:
        agent: As `without_sound` makes it.
        read: Returns the next line with its end, and nothing at the end of all; waits, on a thread.
        write: Writes what is said.
        complain: Writes what went wrong, in a line.
        prompt: Written before each line is read.

    Returns:
        Whether every line was answered.
    """
    printer, transport = _Printer(write), MemoryTransport()
    worker = replace(agent, tts=printer).worker(transport, idle_timeout_secs=None)
    faults: list[str] = []
    finished = asyncio.Event()

    async def fail(_: object, frame: ErrorFrame) -> None:
        faults.append(" ".join(frame.error.split()))
        finished.set()

    async def finish(*_: object) -> None:
        finished.set()

    worker.add_event_handler("on_pipeline_error", fail)
    # Only there is what was said in the context, before what is said next.
    worker.add_reached_downstream_filter((_AnsweredFrame,))
    worker.add_event_handler("on_frame_reached_downstream", finish)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    call = asyncio.create_task(runner.run())
    lines = _lines(read)
    answered = True
    try:
        await transport.connect()
        if agent.greeting:
            await _until(call, finished.wait())
        while not (call.done() or printer.said_goodbye):
            write(prompt)
            line = await _until(call, lines())
            if not line:
                write("\n" if prompt else "")
                break
            if not (text := line.strip()):
                continue
            finished.clear()
            await worker.queue_frame(
                LLMMessagesAppendFrame([{"role": "user", "content": text}], run_llm=True)
            )
            try:
                async with asyncio.timeout(ANSWER_SECS):
                    await _until(call, finished.wait())
            except TimeoutError:
                faults.append(f"no answer within {ANSWER_SECS:g} s")
            printer.end_line()
            for fault in faults:
                complain(fault)
            answered = answered and not faults
            faults.clear()
        await worker.queue_frame(EndFrame())
        await call
    finally:
        # Ctrl-C.
        if not call.done():
            await worker.cancel(reason="interrupted")
            await call
    return answered


async def _until(call: "asyncio.Task[None]", waiting: Awaitable[T]) -> T | None:
    """Wait for something, but no longer than the call lasts."""
    awaited = asyncio.ensure_future(waiting)
    try:
        await asyncio.wait((call, awaited), return_when=asyncio.FIRST_COMPLETED)
        return awaited.result() if awaited.done() else None
    finally:
        awaited.cancel()


def _lines(read: Callable[[], str]) -> Callable[[], Awaitable[str]]:
    """Read line by line on a thread that nobody has to wait for: reading cannot be cancelled."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str] = asyncio.Queue(maxsize=1)

    def reading() -> None:
        line = "."
        while line:
            line = read()
            try:
                asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()
            except (CancelledError, RuntimeError):
                return  # the conversation is over

    threading.Thread(target=reading, name="stdin", daemon=True).start()
    return queue.get


@dataclass
class _AnsweredFrame(ControlFrame):
    """All of an answer has gone before."""


class _Printer(SafeProcessor):
    """Stands in the place of the voice, writes what it would say, and knows when that was all."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self.said_goodbye = False
        self._write = write
        self._begun = False
        self._tools = 0
        # A tool has told its result, and the model says something about it.
        self._expected = False

    def end_line(self) -> None:
        """End the line of what was said last, if that has not been done."""
        if self._begun:
            self._write("\n")
        self._begun = False

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Write what is said, and tell when no more of it comes."""
        over = False
        match frame:
            case TTSSpeakFrame():
                await self._say(frame.text)
                await self._keep(frame)
                await self._answered()
                return
            case AggregatedTextFrame() if direction is FrameDirection.DOWNSTREAM:
                await self._say(frame.text)
            case GoodbyeFrame():
                self.said_goodbye = True
            case FunctionCallsStartedFrame() if direction is FrameDirection.DOWNSTREAM:
                self._tools += len(frame.function_calls)
            case FunctionCallResultFrame() if direction is FrameDirection.DOWNSTREAM:
                run = frame.properties.run_llm if frame.properties else frame.run_llm
                self._tools -= 1
                self._expected |= run is not False
                over = True
            case FunctionCallCancelFrame() if direction is FrameDirection.DOWNSTREAM:
                self._tools -= 1
                over = True
            case LLMFullResponseStartFrame():
                self._expected = False
            case LLMFullResponseEndFrame():
                over = True
        await self.push_frame(frame, direction)
        if over and not (self._tools or self._expected):
            await self._answered()

    async def _answered(self) -> None:
        self.end_line()
        await self.push_frame(_AnsweredFrame())

    async def _say(self, text: str) -> None:
        if said := (await say_plainly(text, TextType.SENTENCE)).strip():
            self._write(f" {said}" if self._begun else f"Agent: {said}")
            self._begun = True

    async def _keep(self, frame: TTSSpeakFrame) -> None:
        """Have the context know what the agent said of its own accord, as a voice does."""
        if frame.append_to_context:
            await self.push_frame(TTSStartedFrame())
            await self.push_frame(TTSTextFrame(frame.text, text_type=TextType.SENTENCE))
            await self.push_frame(LLMAssistantPushAggregationFrame())
