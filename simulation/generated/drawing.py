"""Draws a generated call from its seed.

Pure: a seed and the ranges come in, a plan goes out, and it is always the same one.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Literal

from antiphon.simulation.caller.script import Moment
from antiphon.simulation.generated.plan import (
    CallPlan,
    Ending,
    Fault,
    Hearing,
    Line,
    LineKind,
    Reply,
)
from antiphon.simulation.generated.ranges import CallRanges, Span

__all__ = ["SENTENCES", "plan_call"]

TEXTS: dict[str, tuple[str, ...]] = {
    "turn": (
        "where is my order right now",
        "can I change the delivery address",
        "what are your opening hours on saturday",
        "I would like to return a pair of shoes",
        "do you ship to the islands as well",
        "how long does the repair usually take",
        "I never got the confirmation mail",
        "could somebody call my husband about it",
        "which of the two is the cheaper one",
        "is there parking anywhere near your shop",
        "I need a table for four tonight",
        "why was I charged twice last month",
        "please cancel the second appointment",
        "does the blue one come in large",
        "when will the technician be here",
        "my neighbour took the parcel in",
        "tell me about the warranty again",
        "I want to speak about my contract",
        "are there any seats left for sunday",
        "put me on the waiting list then",
        "the heating in our flat is broken",
        "how do I reset my router",
        "could you book a taxi to the airport",
        "we moved to another street in march",
        "what does the bigger package cost",
        "I am calling because of the invoice",
    ),
    "barge_in": (
        "stop I meant the other order",
        "no wait that is the wrong address",
        "hold on can I ask something first",
        "excuse me I already know that",
        "stop please just tell me the price",
        "wait I want to change something",
        "no I said thursday not tuesday",
        "sorry could you repeat the first part",
        "hang on I need to find a pen",
        "actually I want to cancel the whole thing",
        "can you tell me when it arrives",
        "that is not what I asked for",
    ),
    "second thought": (
        "and I would like a receipt too",
        "and please send it by mail",
        "but only if it is not too much trouble",
        "and my wife needs one as well",
        "or maybe the day after would be better",
    ),
}
"""What callers say, by what they say it for; each once in a call, as long as there is more."""

BACKCHANNELS = ("uh-huh", "mm-hmm", "okay", "right", "yeah", "I see")
KEYS = ("1#", "42#", "7", "310#", "4711#")


SENTENCES = 64
"""For so many sentences the voice's behaviour is drawn; then it begins again."""

IDLE_SECS = 60.0
"""Who stays on the line without a word stays longer than any agent waits."""


def plan_call(seed: int, ranges: CallRanges | None = None) -> CallPlan:
    """Draw a call.

    Args:
        seed: The same seed and ranges give the same call.
        ranges: How often what happens.
    """
    return _Draw(seed, ranges or CallRanges()).call()


class _Draw:
    def __init__(self, seed: int, ranges: CallRanges) -> None:
        self._seed = seed
        self._ranges = ranges
        self._random = random.Random(seed)
        self._pace = self._between(ranges.caller_words_per_sec)
        self._texts: dict[str, Iterator[str]] = {}

    def call(self) -> CallPlan:
        ranges = self._ranges
        ending = self._ending()
        lines = list(self._lines(round(self._between(ranges.lines)), ending))
        hang_up_after: Moment = "agent_done"
        hang_up_secs = self._between(ranges.pause_secs)
        if ending == "hung up early":
            hang_up_after = self._random.choice(("agent_starts", "step_done"))
            hang_up_secs = self._between((0.1, 3.0))
        elif ending != "hung up":
            hang_up_after, hang_up_secs = "step_done", IDLE_SECS
        return CallPlan(
            seed=self._seed,
            lines=tuple(lines),
            ending=ending,
            hang_up_after=hang_up_after,
            hang_up_secs=hang_up_secs,
            greeting=self._chance(ranges.greeting_rate),
            silence_secs=round(self._between(ranges.silence_secs), 2),
            interims=self._chance(ranges.interims_rate),
            marks_finals=self._chance(ranges.marks_finals_rate),
            word_times=self._chance(ranges.word_times_rate),
            words_per_sec=self._between(ranges.voice_words_per_sec),
            audio_pace=self._between(ranges.audio_pace),
            tokens_per_sec=self._between(ranges.tokens_per_sec),
            first_audio_secs=tuple(
                self._between(ranges.first_audio_secs) for _ in range(SENTENCES)
            ),
            voice_faults=dict(self._voice_faults()),
        )

    def _ending(self) -> Ending:
        ranges = self._ranges
        at = self._random.random()
        shares: Sequence[tuple[Ending, float]] = (
            ("hung up early", ranges.hang_up_rate),
            ("idle", ranges.idle_rate),
            ("agent", ranges.agent_ends_rate),
        )
        for ending, share in shares:
            if at < share:
                return ending
            at -= share
        return "hung up"

    def _lines(self, count: int, ending: Ending) -> Iterator[Line]:
        ranges = self._ranges
        for index in range(count):
            last = index == count - 1
            yield self._turn(first=not index, ends_call=last and ending == "agent")
            if not last and self._chance(ranges.second_thought_rate):
                yield self._spoken(
                    "turn",
                    self._text("second thought"),
                    after="step_done",
                    after_secs=self._between(ranges.second_thought_secs),
                )
            if self._chance(ranges.backchannel_rate):
                yield self._spoken(
                    "backchannel",
                    self._random.choice(BACKCHANNELS),
                    after="agent_starts",
                    after_secs=self._between(ranges.barge_in_secs),
                )
            if self._chance(ranges.noise_rate):
                yield self._noise()

    def _turn(self, *, first: bool, ends_call: bool) -> Line:
        ranges = self._ranges
        pause_secs = self._between(ranges.pause_secs)
        if not first and self._chance(ranges.barge_in_rate):
            return self._spoken(
                "barge_in",
                self._text("barge_in"),
                after="agent_starts",
                after_secs=self._between(ranges.barge_in_secs),
                ends_call=ends_call,
            )
        if self._chance(ranges.keys_rate):
            keys = self._random.choice(KEYS)
            return Line(
                kind="keys",
                text=keys,
                secs=0.2 * len(keys),
                after="agent_done",
                after_secs=pause_secs,
                hearing=Hearing(final_secs=None),
                reply=self._reply(ends_call),
            )
        return self._spoken(
            "turn",
            self._text("turn"),
            after="agent_done",
            after_secs=pause_secs,
            ends_call=ends_call,
        )

    def _spoken(
        self,
        kind: LineKind,
        text: str,
        *,
        after: Moment,
        after_secs: float,
        ends_call: bool = False,
    ) -> Line:
        return Line(
            kind=kind,
            text=text,
            secs=round(len(text.split()) / self._pace, 1),
            after=after,
            after_secs=after_secs,
            hearing=self._hearing(),
            reply=self._reply(ends_call),
        )

    def _noise(self) -> Line:
        after: Moment = self._random.choice(("agent_done", "agent_starts", "step_done"))
        return Line(
            kind="noise",
            text="",
            secs=round(self._between(self._ranges.noise_secs), 2),
            after=after,
            after_secs=self._between((0.1, 2.5)),
            hearing=Hearing(final_secs=None),
            reply=self._reply(ends_call=False),
        )

    def _hearing(self) -> Hearing:
        ranges = self._ranges
        final_secs = self._between(ranges.final_secs)
        if self._chance(ranges.early_final_rate):
            final_secs = self._between((0.0, 0.15))
        elif self._chance(ranges.late_final_rate):
            final_secs = self._between(ranges.late_final_secs)
        if self._chance(ranges.missing_final_rate):
            return Hearing(final_secs=None)
        doubled = self._chance(ranges.doubled_final_rate)
        again_secs = self._between(ranges.doubled_final_secs)
        return Hearing(final_secs=final_secs, again_secs=again_secs if doubled else None)

    def _reply(self, ends_call: bool) -> Reply:
        ranges = self._ranges
        words = round(self._between(ranges.reply_words))
        if ends_call:
            return Reply(
                words=words,
                first_token_secs=self._between(ranges.first_token_secs),
                tool="ends",
            )
        slow = self._chance(ranges.slow_llm_rate)
        fault = None
        if self._chance(ranges.failing_llm_rate):
            fault = Fault(after=self._random.choice((0, 0, words // 2)), error=True)
        elif self._chance(ranges.hanging_llm_rate):
            fault = Fault(after=self._random.choice((0, 0, words // 2)))
        reply = Reply(
            words=words,
            first_token_secs=self._between(
                ranges.slow_llm_secs if slow else ranges.first_token_secs
            ),
            fault=fault,
        )
        return self._with_tool(reply) if self._chance(ranges.tool_rate) else reply

    def _with_tool(self, reply: Reply) -> Reply:
        ranges = self._ranges
        slow = self._chance(ranges.slow_tool_rate)
        secs = self._between(ranges.slow_tool_secs if slow else ranges.tool_secs)
        tool: Literal["works", "raises", "forgets", "hangs"] = "works"
        if self._chance(ranges.failing_tool_rate):
            tool = self._random.choice(("raises", "forgets"))
        elif self._chance(ranges.hanging_tool_rate):
            tool = "hangs"
        return Reply(
            words=reply.words,
            first_token_secs=reply.first_token_secs,
            tool=tool,
            tool_secs=secs,
            fault=None,
        )

    def _voice_faults(self) -> Iterator[tuple[int, Fault]]:
        ranges = self._ranges
        for index in range(1, SENTENCES):
            after = self._random.choice((0, 0, 5))
            if self._chance(ranges.hanging_voice_rate):
                yield index, Fault(after=after)
            elif self._chance(ranges.failing_voice_rate):
                yield index, Fault(after=after, error=True)

    def _text(self, kind: str) -> str:
        """Return a text that was not said yet, as long as there is one."""
        text = next(self._texts.get(kind, iter(())), None)
        if text is None:
            self._texts[kind] = iter(self._random.sample(TEXTS[kind], len(TEXTS[kind])))
            text = next(self._texts[kind])
        return text

    def _chance(self, rate: float) -> bool:
        return self._random.random() < rate

    def _between(self, span: Span) -> float:
        return self._random.uniform(*span)
