"""The recogniser, the model, the voice and the tools of a generated call: as its plan has them."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from itertools import product
from typing import Any

from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.time import time_now_iso8601

from antiphon.services.scripted.answering import AnsweringLLMService
from antiphon.simulation.frames import split_words
from antiphon.simulation.generated.drawing import SENTENCES
from antiphon.simulation.generated.events import Answer, CallEvents, Final, Outage, SaidWord
from antiphon.simulation.generated.marked_voice import word_pcm
from antiphon.simulation.generated.plan import Line, Reply
from antiphon.simulation.generated.ranges import CallRanges

__all__ = ["FAREWELL", "GeneratedLLM", "GeneratedSTT", "GeneratedTTS", "make_tools"]

FAREWELL = "Thank you, goodbye."
"""What is said when a tool ends the call."""

_CHUNK_SECS = 0.1
# A recogniser tells a word so long after it was said.
_INTERIM_LAG_SECS = 0.25


class GeneratedSTT(STTService):
    """Hears each line of the caller as the plan says, whatever the VAD makes of it."""

    def __init__(self, events: CallEvents, ranges: CallRanges) -> None:
        """Create the service.

        Args:
            events: Of the call.
            ranges: What is ordinary.
        """
        super().__init__(
            ttfs_p99_latency=0.5, settings=STTSettings(model="generated-stt", language=None)
        )
        self._events = events
        self._late_secs = ranges.final_secs[1]

    def can_generate_metrics(self) -> bool:
        """Say that metrics are measured."""
        return True

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Hear nothing in the audio itself."""
        yield None

    def hear(self, line: Line) -> None:
        """Hear a line that begins at this moment.

        Args:
            line: What is said.
        """
        if line.text and line.kind != "keys":
            self.create_task(self._hear(line), "hear")

    async def _hear(self, line: Line) -> None:
        began = _now()
        words = line.text.split()
        for count in range(1, len(words) + 1 if self._events.plan.interims else 1):
            due = began + line.secs * count / len(words) + _INTERIM_LAG_SECS
            if line.hearing.final_secs is None or due >= began + line.secs:
                break
            await asyncio.sleep(due - _now())
            so_far = " ".join(words[:count])
            await self.push_frame(InterimTranscriptionFrame(so_far, "", time_now_iso8601()))
        ends = began + line.secs
        final_secs = line.hearing.final_secs
        if final_secs is None or final_secs > self._late_secs:
            self._events.outages.append(Outage(at_secs=ends, service="stt"))
        if final_secs is None:
            return
        await asyncio.sleep(ends + final_secs - _now())
        await self._conclude(line)
        if line.hearing.again_secs is not None:
            await asyncio.sleep(line.hearing.again_secs)
            await self._conclude(line)

    async def _conclude(self, line: Line) -> None:
        if self._events.plan.marks_finals:
            self.request_finalize()
            self.confirm_finalize()
        self._events.finals.append(Final(at_secs=_now(), line=line))
        await self.push_frame(TranscriptionFrame(line.text, "", time_now_iso8601()))


class GeneratedLLM(AnsweringLLMService):
    """Answers the last line that it is told; the first time as the plan says, then at once."""

    def __init__(self, events: CallEvents, ranges: CallRanges) -> None:
        """Create the service.

        Args:
            events: Of the call.
            ranges: What is ordinary.
        """
        super().__init__(model="generated-llm", tokens_per_sec=events.plan.tokens_per_sec)
        self._events = events
        self._ordinary_secs = ranges.first_token_secs
        self._words = _new_words(events.plan.seed)
        self._replied: set[int] = set()
        self._used_tool: set[int] = set()
        self._calls = 0

    async def answer(self, context: LLMContext) -> None:
        """Answer.

        Args:
            context: The conversation.
        """
        line = last_line(context, self._events)
        reply = line.reply if line else Reply(words=6, first_token_secs=self._ordinary_secs[0])
        number = id(line)
        first = number not in self._replied
        if first and reply.tool and number not in self._used_tool:
            self._used_tool.add(number)
            await self._use_tool(line, reply, context)
            return
        self._replied.add(number)
        asked_secs = _now()
        fault = reply.fault if first else None
        first_secs = reply.first_token_secs if first else self._ordinary_secs[0]
        if first_secs > self._ordinary_secs[1]:
            self._events.outages.append(Outage(at_secs=_now(), service="llm"))
        words = self._sentences(reply.words)
        if fault:
            self._events.outages.append(Outage(at_secs=_now(), service="llm"))
            words = words[: fault.after]
        self._events.answers.append(
            Answer(at_secs=asked_secs, line=line, words=tuple(words), broke_off=bool(fault))
        )
        if words or not fault:
            await asyncio.sleep(first_secs)
            await self.stop_ttfb_metrics()
            await self.say(split_words(" ".join(words)))
        if fault and fault.error:
            await self.push_error("the model failed on cue", category=ErrorCategory.SERVER)
        elif fault:
            await asyncio.Event().wait()

    async def _use_tool(self, line: Line | None, reply: Reply, context: LLMContext) -> None:
        # What is said of a call's end is the answer to who asked for it.
        words = tuple(FAREWELL.split()) if reply.tool == "ends" else ()
        self._events.answers.append(Answer(at_secs=_now(), line=line, words=words))
        await asyncio.sleep(self._ordinary_secs[0])
        await self.stop_ttfb_metrics()
        self._calls += 1
        name = "end_call" if reply.tool == "ends" else "look_up"
        arguments = {} if reply.tool == "ends" else {"how": reply.tool, "secs": reply.tool_secs}
        await self.call(name, arguments, call_id=f"call-{self._calls}", context=context)

    def _sentences(self, count: int) -> list[str]:
        words = [next(self._words) for _ in range(max(1, count))]
        for index in range(0, len(words), 7):
            words[index] = words[index].capitalize()
            if index:
                words[index - 1] += "."
        for index in range(3, len(words) - 1, 7):
            words[index] += ","
        words[-1] += "?" if count % 3 == 0 else "."
        return words


class GeneratedTTS(TTSService):
    """Speaks in a voice whose words are told apart by their sound."""

    def __init__(self, events: CallEvents, ranges: CallRanges) -> None:
        """Create the service.

        Args:
            events: Of the call.
            ranges: What is ordinary.
        """
        plan = events.plan
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            push_text_frames=not plan.word_times,
            settings=TTSSettings(model="generated-tts", voice="marked", language=None),
        )
        self._events = events
        self._plan = plan
        self._ordinary_secs = ranges.first_audio_secs[1]
        self._requests = 0
        self._spoken_secs: dict[str, float] = {}
        self._random = random.Random(plan.seed)

    def can_generate_metrics(self) -> bool:
        """Say that metrics are measured."""
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak one text.

        Args:
            text: The words.
            context_id: The audio context that they belong to.

        Yields:
            Audio frames of 0.1 s, or an error on cue.
        """
        request, self._requests = self._requests, self._requests + 1
        fault = self._plan.voice_faults.get(request % SENTENCES)
        await self.start_tts_usage_metrics(text)
        times: list[tuple[str, float]] = []
        pcm = b""
        rate = self.sample_rate
        for word in text.split():
            times.append((word, len(pcm) / 2 / rate))
            pcm += self._sound(word, request)
        if fault:
            self._events.outages.append(Outage(at_secs=_now(), service="tts"))
        await asyncio.sleep(self._plan.first_audio_secs[request % SENTENCES])
        size = 2 * round(_CHUNK_SECS * rate)
        chunks = [pcm[start : start + size] for start in range(0, len(pcm), size)]
        for count, chunk in enumerate(chunks[: fault.after] if fault else chunks):
            if count == 0:
                await self.stop_ttfb_metrics()
                await self.start_word_timestamps()
                if self._plan.word_times:
                    await self._tell_words(times, len(pcm) / 2 / rate, context_id)
            yield TTSAudioRawFrame(chunk, rate, 1, context_id=context_id)
            await asyncio.sleep(_CHUNK_SECS * self._plan.audio_pace)
        if fault and fault.after and context_id in self._spoken_secs:
            # What it did not say takes no time.
            self._spoken_secs[context_id] -= max(
                0.0, len(pcm) / 2 / rate - fault.after * _CHUNK_SECS
            )
        if fault and fault.error:
            await self.push_error("the voice failed on cue", category=ErrorCategory.SERVER)
        elif fault:
            await asyncio.Event().wait()

    def _sound(self, word: str, request: int) -> bytes:
        # A word of five letters and its pause, at the pace of the voice.
        letters = sum(char.isalnum() for char in word) + 2
        secs = letters / 7 / self._plan.words_per_sec * self._random.uniform(0.85, 1.15)
        if word[-1] in ".,?":
            secs += 0.1
        number = len(self._events.said)
        self._events.said[number] = SaidWord(text=word, request=request, secs=secs)
        return word_pcm(number, round(secs * self.sample_rate))

    async def _tell_words(
        self, times: list[tuple[str, float]], secs: float, context_id: str
    ) -> None:
        """Tell the times of a sentence, counted from the first audio of its context."""
        start = self._spoken_secs.get(context_id, 0.0)
        # Only the context of the present turn is ever asked for again.
        self._spoken_secs = {context_id: start + secs}
        await self.add_word_timestamps([(word, start + at) for word, at in times], context_id)


def make_tools(events: CallEvents, ranges: CallRanges, end_call: Callable[[], Any]) -> list[Any]:
    """Make the tools of a call.

    Args:
        events: Of the call.
        ranges: What is ordinary.
        end_call: Ends it.
    """

    async def look_up(params: FunctionCallParams, how: str, secs: float) -> None:
        """Look something up.

        Args:
            params: Pipecat's.
            how: What becomes of it.
            secs: How long it takes.
        """
        if how != "works" or secs > ranges.tool_secs[1]:
            events.outages.append(Outage(at_secs=_now(), service="tool"))
        if how == "hangs":
            await asyncio.Event().wait()
        await asyncio.sleep(secs)
        if how == "raises":
            raise RuntimeError("the tool failed on cue")
        if how == "works":
            await params.result_callback("found")

    async def end_call_(params: FunctionCallParams) -> None:
        """End the call."""
        events.agent_ends_secs = _now()
        await end_call()

    end_call_.__name__ = "end_call"
    return [look_up, end_call_]


def last_line(context: LLMContext, events: CallEvents) -> Line | None:
    """Return the last line of the caller's that a conversation has."""
    for message in reversed(context.get_messages()):
        if not (isinstance(message, Mapping) and message.get("role") == "user"):
            continue
        text = str(message.get("content"))
        # "right" is in "where is my order right now" as well: what ends last and is longest counts.
        found = []
        for index, line in enumerate(each.line for each in events.lines):
            # Which keys they were may be hidden.
            said = "DTMF:" if line.kind == "keys" else line.text
            if said and said in text:
                found.append((text.rfind(said) + len(said), len(said), index))
        if found:
            return events.lines[max(found)[2]].line
    return None


def _new_words(seed: int) -> Iterator[str]:
    """Words that no other reply of the call has, so that each is known by itself."""
    syllables = [a + b for a, b in product("bdfgklmnprstvz", "aeiou")]
    words = [a + b for a, b in product(syllables, syllables) if a != b]
    random.Random(seed).shuffle(words)
    yield from words


def _now() -> float:
    return asyncio.get_running_loop().time()
