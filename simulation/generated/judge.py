"""What holds in every ordinary call, and where it did not.

Pure: what was seen of a call comes in, what was broken goes out. It goes by what sounded in the
caller's ear and by what the plan had the services do, and asks the agent's own books only whether
they say the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from antiphon.simulation.audio import VoicedSpan
from antiphon.simulation.generated.events import Answer, CallEvents, SpokenLine
from antiphon.simulation.generated.kept_words import difference

__all__ = ["INVARIANTS", "Broken", "Invariant", "Limits", "judge"]

Invariant = Literal["dead air", "talk over", "context", "percentiles", "ending"]

INVARIANTS: tuple[Invariant, ...] = ("dead air", "talk over", "context", "percentiles", "ending")

# Keys without a "#" are complete when none has followed for so long: Pipecat's DTMFAggregator.
KEYS_SECS = 2.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of it is too much, in seconds.

    Parameters:
        dead_air_secs: Of silence while the agent owes something.
        outage_secs: The same while a service is out.
        talk_over_secs: Of the agent's voice over a turn that is the caller's.
        noticed_secs: So long after it began a voice is noticed; a recording that began before is to
            be heard to its end.
        yield_secs: So long after a voice began over the agent, the turn is the caller's.
        wordless_secs: So long the agent yields to a voice whose words never come: nothing tells it
            from a television, over which the agent is to be heard again.
        leave_secs: From the cause of a call's end to its end.
        kept_within_secs: So long after its transcript a line of the caller's is in the context.
        heard_share: A word of which so much was heard may be in the context, and one of which so
            much was not heard may be missing.
    """

    dead_air_secs: float = 1.5
    outage_secs: float = 2.5
    talk_over_secs: float = 0.4
    noticed_secs: float = 0.35
    yield_secs: float = 0.6
    wordless_secs: float = 1.2
    leave_secs: float = 3.0
    kept_within_secs: float = 2.5
    heard_share: float = 0.15


@dataclass(frozen=True, kw_only=True)
class Broken:
    """An invariant that did not hold.

    Parameters:
        invariant: Which.
        at_secs: When in the call.
        told: What was seen.
    """

    invariant: Invariant
    at_secs: float
    told: str

    def __str__(self) -> str:
        return f"{self.at_secs:6.2f} s  {self.invariant}: {self.told}"


def judge(events: CallEvents, limits: Limits | None = None) -> list[Broken]:
    """Tell what was broken in a call.

    Args:
        events: What was seen of it.
        limits: How much is too much.
    """
    limits = limits or Limits()
    broken = [
        *_dead_air(events, limits),
        *_talk_over(events, limits),
        *_context(events, limits),
        *_percentiles(events),
        *_ending(events, limits),
    ]
    return sorted(broken, key=lambda each: each.at_secs)


# (a) Dead air: both silent, while the agent owes something, for too long.


def _dead_air(events: CallEvents, limits: Limits) -> Iterator[Broken]:
    turns = _turns(events)
    over_secs = _over_secs(events)
    voices = [*events.heard.audible, *_voices(events)]
    for index, turn in enumerate(turns):
        following = turns[index + 1].start_secs if index + 1 < len(turns) else over_secs
        until = min(following, over_secs, _answered_secs(events, turn))
        since = _complete_secs(turn)
        yield from _silences(events, limits, voices, since, until, turn, "after")
    for answer in events.answers:
        words = _heard_of(events, answer)
        if not words or (not answer.broke_off and _is_whole(events, answer)):
            continue
        since, until = words[-1], over_secs
        until = min([until, *(turn.start_secs for turn in turns if turn.end_secs > words[0])])
        # What is said to the caller after that settles it, or is half an answer of its own.
        until = min([until, *_told_secs(events, since), *_begun_secs(events, answer)])
        yield from _silences(events, limits, voices, since, until, None, "within the answer to")


def _silences(
    events: CallEvents,
    limits: Limits,
    voices: Sequence[VoicedSpan],
    since: float,
    until: float,
    turn: SpokenLine | None,
    told: str,
) -> Iterator[Broken]:
    began = turn.start_secs if turn else since - 10.0
    out = {each.service for each in events.outages if began <= each.at_secs <= until}
    limit = limits.outage_secs if out else limits.dead_air_secs
    what = f"{told} {turn.line.text!r}" if turn else "after half an answer"
    for start, end in _gaps(voices, since, until):
        if end - start > limit:
            out_told = f", {' and '.join(sorted(out))} out" if out else ""
            yield Broken(
                invariant="dead air",
                at_secs=start,
                told=f"{end - start:.2f} s of silence {what}{out_told}",
            )


def _gaps(
    voices: Sequence[VoicedSpan], since: float, until: float
) -> Iterator[tuple[float, float]]:
    at = since
    for voice in sorted(voices, key=lambda each: each.start_secs):
        if voice.end_secs <= at:
            continue
        if voice.start_secs >= until:
            break
        if voice.start_secs > at:
            yield at, voice.start_secs
        at = voice.end_secs
    if at < until:
        yield at, until


def _answered_secs(events: CallEvents, turn: SpokenLine) -> float:
    """When the caller heard the first word of an answer to a turn, or was told that none comes."""
    # An "uh-huh" that the agent took for a turn brings the turn before it along.
    later = [each.line for each in events.lines if each.start_secs >= turn.start_secs]
    times = [
        _heard_of(events, answer)[0]
        for answer in events.answers
        if answer.at_secs >= turn.start_secs
        and any(answer.line is line for line in later)
        and _heard_of(events, answer)
    ]
    if turn.line.kind != "keys" and turn.line.hearing.final_secs is None:
        # Nobody knows what was said: whatever is said of it, or goes on, will do.
        times += [span.start_secs for span in events.heard.audible]
        times += [
            turn.end_secs
            for span in events.heard.audible
            if span.start_secs <= turn.end_secs < span.end_secs
        ]
    times = [at for at in times if at >= turn.start_secs]
    return min([*times, *_told_secs(events, turn.start_secs)], default=float("inf"))


def _begun_secs(events: CallEvents, answer: Answer) -> list[float]:
    """When the answers after one began to be heard."""
    after = [each for each in events.answers if each.at_secs > answer.at_secs]
    return [heard[0] for each in after if (heard := _heard_of(events, each))]


def _told_secs(events: CallEvents, since: float) -> list[float]:
    """When the caller was told after a moment that something does not work."""
    return [span.start_secs for span in events.heard.recordings if span.end_secs > since]


# (b) Talking over: the agent's voice over a turn that is the caller's, for too long.


def _talk_over(events: CallEvents, limits: Limits) -> Iterator[Broken]:
    for turn in _turns(events):
        if turn.line.kind == "keys":
            continue
        since = turn.start_secs
        if any(each.start_secs <= since < each.end_secs for each in events.heard.audible):
            since += limits.yield_secs
        until = turn.end_secs
        if turn.line.hearing.final_secs is None:
            until = min(until, turn.start_secs + limits.wordless_secs)
        secs = sum(
            max(0.0, min(each.end_secs, until) - max(each.start_secs, since))
            for each in events.heard.audible
            if not _is_notice(events, each, turn.start_secs + limits.noticed_secs)
        )
        if secs > limits.talk_over_secs:
            yield Broken(
                invariant="talk over",
                at_secs=turn.start_secs,
                told=f"{secs:.2f} s of the agent over {turn.line.text!r}",
            )


def _is_notice(events: CallEvents, span: VoicedSpan, before: float) -> bool:
    """Whether what sounds is a recording that had begun before: that is to be heard to its end."""
    return any(
        each.start_secs < before and span.start_secs <= each.start_secs < span.end_secs
        for each in events.heard.recordings
    )


# (c) The context is what was heard: of the agent word for word, of the caller line for line.


def _context(events: CallEvents, limits: Limits) -> Iterator[Broken]:
    over_secs = _over_secs(events)
    settled_secs = over_secs - limits.kept_within_secs
    if told := difference(events, heard_share=limits.heard_share):
        yield Broken(invariant="context", at_secs=over_secs, told=told)
    asked = " ".join(text for role, text in events.context if role == "user")
    for turn in _turns(events):
        finals = [each.at_secs for each in events.finals if each.line is turn.line]
        if not finals or turn.line.kind == "keys" or finals[0] > settled_secs:
            continue
        times = asked.count(turn.line.text)
        if times != 1:
            yield Broken(
                invariant="context",
                at_secs=finals[0],
                told=f"{turn.line.text!r} of the caller is in it {times} times",
            )


# (d) Each turn that was answered is in the percentiles, once.


def _percentiles(events: CallEvents) -> Iterator[Broken]:
    if events.measured is None:
        return
    answered: list[tuple[float, Answer]] = []
    for answer in sorted(events.answers, key=lambda each: each.at_secs):
        words = _heard_of(events, answer)
        if not words or answer.line is None:
            continue
        if answered and answered[-1][1].line is answer.line:
            continue
        answered.append((words[0], answer))
    measured = [
        each.answered_secs
        for each in events.measured
        if each.kind == "answered" and each.answered_secs is not None
    ]
    for at_secs, answer in answered:
        near = [each for each in measured if abs(each - at_secs) < 0.3]
        if len(near) != 1:
            yield Broken(
                invariant="percentiles",
                at_secs=at_secs,
                told=f"the answer to {answer.line and answer.line.text!r} is measured "
                f"{len(near)} times",
            )
        for each in near[:1]:
            measured.remove(each)
    for at in measured:
        yield Broken(
            invariant="percentiles", at_secs=at, told="an answer is measured that nobody heard"
        )
    kinds = [each.kind for each in events.measured]
    counted = kinds.count("answered") + kinds.count("greeting")
    if events.in_percentiles not in (counted, kinds.count("answered")):
        yield Broken(
            invariant="percentiles",
            at_secs=_over_secs(events),
            told=f"{events.in_percentiles} waits are in the percentiles, {counted} were measured",
        )


# (e) The call ends once, by its cause.


def _ending(events: CallEvents, limits: Limits) -> Iterator[Broken]:
    def ending(told: str) -> Broken:
        return Broken(invariant="ending", at_secs=_over_secs(events), told=told)

    if events.failure:
        yield ending(f"the call failed: {events.failure}")
        return
    if events.ended_secs is None:
        yield ending("the call does not end")
        return
    if len(events.endings) != 1:
        yield ending(f"the call ended {len(events.endings)} times")
        return
    if events.hung_up_secs is not None:
        if events.endings != ["CancelFrame"]:
            yield ending(f"the caller hung up, and the call ended by {events.endings[0]}")
        if events.ended_secs - events.hung_up_secs > limits.leave_secs:
            yield ending(
                f"the call ended {events.ended_secs - events.hung_up_secs:.1f} s after the caller"
            )
        return
    if events.endings != ["EndFrame"]:
        yield ending(f"the agent ended the call by {events.endings[0]}")
    if events.agent_ends_secs is None and events.plan.ending != "idle":
        yield ending("the call ended, and nobody had asked for it")


# What several of them ask.


def _turns(events: CallEvents) -> list[SpokenLine]:
    return [each for each in events.lines if each.line.wants_answer]


def _voices(events: CallEvents) -> list[VoicedSpan]:
    return [VoicedSpan(start_secs=each.start_secs, end_secs=each.end_secs) for each in events.lines]


def _over_secs(events: CallEvents) -> float:
    times = [events.hung_up_secs, events.agent_ends_secs, events.ended_secs]
    return min((at for at in times if at is not None), default=float("inf"))


def _complete_secs(turn: SpokenLine) -> float:
    unfinished = turn.line.kind == "keys" and not turn.line.text.endswith("#")
    return turn.end_secs + (KEYS_SECS if unfinished else 0.0)


def _heard_of(events: CallEvents, answer: Answer) -> list[float]:
    """When the first word of an answer began to be heard, and when the last one had been."""
    words = set(answer.words)
    times = [
        (word.start_secs, word.end_secs)
        for word in events.heard.words
        if events.said[word.number].text in words
    ]
    return [times[0][0], times[-1][1]] if times else []


def _is_whole(events: CallEvents, answer: Answer) -> bool:
    last = [number for number, said in events.said.items() if said.text == answer.words[-1]]
    return any(word.number in last for word in events.heard.words)
