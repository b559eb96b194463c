"""Where the time of one wait went: stages that add up to what the caller felt.

The stages are named as Pipecat's `UserBotLatencyObserver` names them, and some more than it has;
all from the turn's own marks. Every instant is charged once, to the first span that covers it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from antiphon.processors.latency.core.moments import LATE, Mark, Moment
from antiphon.processors.latency.core.turn import Turn, TurnKind
from antiphon.processors.latency.core.turn_latency import Service, Stage, Tool, TurnLatency

__all__ = ["MIN_STAGE_SECS", "PIPELINE", "Span", "charge", "measure"]

PIPELINE = "pipeline"
"""The stage of time that nothing names: hops between processors, and what was not seen."""

MIN_STAGE_SECS = 0.0005
"""Shorter stretches are rounding, and are not listed; as in Pipecat's own breakdown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A stretch of time that has a name.

    Parameters:
        stage: The name.
        start: When it began, in seconds of the pipeline's clock.
        end: When it ended.
        owner: The processor, tool or setting that took the time.
    """

    stage: str
    start: float
    end: float
    owner: str = ""


# What every answer to a caller goes through, whatever the services.
_EXPECTED = (
    Moment.CALLER_STOPPED,
    Moment.TRANSCRIPT,
    Moment.LLM_STARTED,
    Moment.TOKEN,
    Moment.AUDIO,
)

# What a model that speaks itself does without.
_OF_A_VOICE = (Moment.LLM_STARTED, Moment.TOKEN)

# Told when they are known, which is not when it was.
_METRICS = (Moment.FIRST_CHUNK, Moment.AGGREGATED, Moment.MARKER)

_TURN_COMPLETION = "config: filter_incomplete_user_turns"


def measure(
    turn: Turn,
    *,
    number: int,
    services: Mapping[str, Service] | None = None,
    transport: str = "",
    node: str = "",
) -> TurnLatency:
    """Take a turn apart.

    Args:
        turn: The turn.
        number: Its number in the call.
        services: Who is behind each processor, by the processor's name.
        transport: The kind of transport.
        node: The node in which the caller spoke.

    Returns:
        The turn's stages, in order, adding up to its total.
    """
    start, end = _silence(turn), turn.first(Moment.HEARD) or turn.first(Moment.WRITTEN)
    sound = turn.first(Moment.FILLER_WRITTEN) or end
    stages: tuple[Stage, ...] = ()
    total = None
    flags = ["clock_jump"] if turn.clock_jumped else []
    if turn.kind is TurnKind.ANSWERED:
        flags += [f"missing:{moment}" for moment in _expected(turn) if turn.first(moment) is None]
    if start is not None and end is not None:
        total = max(0.0, end.at - start)
        named = _of_a_model_that_speaks if turn.first(Moment.MODEL_SPOKE) else _named
        layers = list(named(turn, start))
        stages = tuple(
            _stage(span, start, services or {}) for span in charge(start, start + total, layers)
        )
    return TurnLatency(
        number=number,
        kind=turn.kind,
        started_at=start,
        total_secs=total,
        first_sound_secs=None if start is None or sound is None else max(0.0, sound.at - start),
        stages=stages,
        tools=tuple(_tools(turn, turn.marks[0].at if start is None else start)),
        marks=_firsts(turn, start, stamps=False),
        stamps=_firsts(turn, start, stamps=True),
        flags=tuple(flags),
        transport=transport,
        node=node,
    )


def charge(start: float, end: float, spans: Sequence[Span]) -> list[Span]:
    """Cut a stretch of time into spans that touch, so that they add up to it.

    Args:
        start: Where the stretch begins.
        end: Where it ends.
        spans: Names for parts of it, the more telling first; they may overlap, leave gaps and
            reach over the ends.

    Returns:
        The stretch, cut; what no span covers is `PIPELINE`.
    """
    spans = [span for span in spans if span.end > span.start]
    edges = {start, end}
    for span in spans:
        edges.update(min(max(edge, start), end) for edge in (span.start, span.end))
    cut: list[Span] = []
    for left, right in pairwise(sorted(edges)):
        whose = next((s for s in spans if s.start <= left and right <= s.end), None)
        stage, owner = (whose.stage, whose.owner) if whose else (PIPELINE, "")
        last = cut[-1] if cut else None
        # A stretch too short to list goes to the one before, so that the sum stays.
        if last and ((last.stage, last.owner) == (stage, owner) or right - left < MIN_STAGE_SECS):
            cut[-1] = replace(last, end=right)
        else:
            cut.append(Span(stage=stage, start=left, end=right, owner=owner))
    return cut


def _expected(turn: Turn) -> Iterator[Moment]:
    """What an answer of this turn has gone through."""
    for moment in _EXPECTED:
        unwritten = moment is Moment.TRANSCRIPT and not turn.transcribed
        if not unwritten and not (moment in _OF_A_VOICE and turn.first(Moment.MODEL_SPOKE)):
            yield moment


def _silence(turn: Turn) -> float | None:
    if turn.kind is TurnKind.GREETING:
        connected = turn.first(Moment.CONNECTED)
        return connected.at if connected else None
    stopped = turn.last(Moment.CALLER_STOPPED)
    if stopped is None:
        # A voice too short for the VAD: nothing is known of it but its words.
        known = turn.last(Moment.TRANSCRIPT)
        if known is None and not turn.transcribed:
            known = turn.first(Moment.TURN_ENDED) or _told_by_the_model(turn)
        return known.at if known else None
    started = turn.last(Moment.CALLER_STARTED)
    silent = stopped.at - max(0.0, stopped.secs)
    # A VAD that waited for longer than the caller spoke is told a wrong time.
    return max(silent, started.at - started.secs) if started else silent


def _told_by_the_model(turn: Turn) -> Mark | None:
    """When a model that hears for itself told that the caller had spoken; words may be late."""
    return next((mark for mark in turn.all(Moment.SPOKE) if mark.key != LATE), None)


def _named(turn: Turn, start: float) -> Iterator[Span]:
    """Names for the parts of a wait, the more telling first."""
    context, asked = turn.first(Moment.CONTEXT), turn.first(Moment.LLM_STARTED)
    text, sentence = turn.first(Moment.TOKEN), turn.first(Moment.SENTENCE)
    audio, written = turn.first(Moment.AUDIO), turn.first(Moment.WRITTEN)
    heard = turn.first(Moment.HEARD)
    if context and asked:
        yield _span("context", context.at, asked.at, context.owner)
    if text and sentence:
        yield _span("sentence_aggregation", text.at, sentence.at, sentence.owner or text.owner)
    if written and heard:
        yield _span("playout", written.at, heard.at, written.owner)
    asked = context or asked
    if stopped := turn.last(Moment.CALLER_STOPPED):
        yield _span("endpointing_wait", start, stopped.at, "config: VAD stop_secs")
        told_at, released = stopped.at, asked or turn.first(Moment.TURN_ENDED)
        if transcript := turn.last(Moment.TRANSCRIPT):
            told_at = max(told_at, transcript.at)
            end = min(transcript.at, released.at) if released else transcript.at
            yield _span("transcription", stopped.at, end, transcript.owner)
        if released:
            yield _span("turn_detection", told_at, released.at, "config: user turn strategies")
    elif (released := asked or turn.first(Moment.TURN_ENDED)) and turn.first(Moment.TRANSCRIPT):
        yield _span("turn_detection", start, released.at, "config: user turn strategies")
    elif asked:
        yield _span("first_request", start, asked.at, "bot")
    yield from _of_the_llm(turn)
    yield from _of_tools(turn)
    gathered = turn.first(Moment.AGGREGATED)
    if text and audio and gathered and text.at + gathered.secs <= audio.at:
        end = text.at + gathered.secs
        yield _span("sentence_aggregation", text.at, end, "config: text_aggregation_mode")
    if audio and (spoken_from := sentence or text):
        yield _span("speech_synthesis", spoken_from.at, audio.at, audio.owner)
    if audio and written:
        yield _span("output_transport", audio.at, written.at, written.owner)


def _of_a_model_that_speaks(turn: Turn, start: float) -> Iterator[Span]:
    """Names for the parts of a wait for a model that hears and speaks itself.

    What its vendor does in there, nobody sees: from the end of the caller's turn to its first sound
    it is one part, but for what others do meanwhile.
    """
    audio, written = turn.first(Moment.AUDIO), turn.first(Moment.WRITTEN)
    stopped, ended = turn.last(Moment.CALLER_STOPPED), turn.first(Moment.TURN_ENDED)
    context, asked = turn.first(Moment.CONTEXT), turn.first(Moment.LLM_STARTED)
    if written and (heard := turn.first(Moment.HEARD)):
        yield _span("playout", written.at, heard.at, written.owner)
    if context and asked:
        yield _span("context", context.at, asked.at, context.owner)
    yield from _of_tools(turn)
    if ended and audio and ended.at > audio.at:
        # The vendor has not waited for the turn strategies of this pipeline.
        ended = None
    if stopped:
        until = min(stopped.at, ended.at) if ended else stopped.at
        yield _span("endpointing_wait", start, until, "config: VAD stop_secs")
        if ended:
            yield _span("turn_detection", stopped.at, ended.at, "config: user turn strategies")
    if asked and turn.kind is TurnKind.GREETING:
        yield _span("first_request", start, (context or asked).at, "bot")
    if audio and (since := ended or stopped or _told_by_the_model(turn) or asked):
        yield _span("speech_to_speech", since.at, audio.at, audio.owner)
    if audio and written:
        yield _span("output_transport", audio.at, written.at, written.owner)


def _of_the_llm(turn: Turn) -> Iterator[Span]:
    """Each request of the turn, up to what it led to: a verdict, a tool, or the first token."""
    request: Mark | None = None
    chunk_at: float | None = None
    verdict: Mark | None = None
    for mark in turn.marks:
        match mark.moment:
            case Moment.LLM_STARTED:
                if verdict:
                    yield _span("waiting_for_user", verdict.at, mark.at, _TURN_COMPLETION)
                request, chunk_at, verdict = mark, None, None
            case Moment.FIRST_CHUNK if request and mark.owner == request.owner:
                chunk_at = min(request.at + mark.secs, mark.at)
                yield _span("llm_inference", request.at, chunk_at, request.owner)
            case Moment.MARKER if request:
                thought_until = mark.at if chunk_at is None else chunk_at
                yield _span("llm_inference", request.at, thought_until, request.owner)
                yield _span("turn_completion", thought_until, mark.at, _TURN_COMPLETION)
                request, verdict = None, mark
            case Moment.TOKEN if verdict:
                yield _span("turn_completion", verdict.at, mark.at, _TURN_COMPLETION)
                verdict = None
            case Moment.TOKEN if request:
                yield _span("llm_inference", request.at, mark.at, request.owner)
                request = None
            case Moment.TOOL_STARTED if request:
                thought_until = mark.at if chunk_at is None else chunk_at
                yield _span("llm_inference", request.at, thought_until, request.owner)
                yield _span("llm_tool_call", thought_until, mark.at, request.owner)
                request = None


def _of_tools(turn: Turn) -> Iterator[Span]:
    """The tools that ran, those at the same time as one, and the way back to the LLM."""
    running: dict[str, Mark] = {}
    ran: list[tuple[Mark, Mark]] = []
    ended: Mark | None = None
    for mark in turn.marks:
        match mark.moment:
            case Moment.LLM_STARTED:
                if ended and not running:
                    yield _span("context", ended.at, mark.at, ended.name)
                ended = None
            case Moment.TOOL_STARTED:
                running[mark.key] = mark
            case Moment.TOOL_ENDED if started := running.pop(mark.key, None):
                ended = mark
                ran.append((started, mark))
    together: list[tuple[Mark, Mark]] = []
    for tool in sorted(ran, key=lambda tool: tool[0].at):
        if together and tool[0].at > max(end.at for _, end in together):
            yield _at_once(together)
            together = []
        together.append(tool)
    if together:
        yield _at_once(together)


def _at_once(tools: Sequence[tuple[Mark, Mark]]) -> Span:
    """Tools that ran together, named after the one that the wait depended on."""
    slowest, _ = max(tools, key=lambda tool: tool[1].at - tool[0].at)
    others = f" +{len(tools) - 1}" if len(tools) > 1 else ""
    start, end = min(tool.at for tool, _ in tools), max(tool.at for _, tool in tools)
    return _span("function_handler", start, end, slowest.name + others)


def _span(stage: str, start: float, end: float, owner: str) -> Span:
    return Span(stage=stage, start=start, end=end, owner=owner)


def _tools(turn: Turn, start: float) -> Iterator[Tool]:
    ended = {mark.key: mark.at for mark in turn.all(Moment.TOOL_ENDED)}
    for mark in turn.all(Moment.TOOL_STARTED):
        end = ended.get(mark.key)
        yield Tool(
            name=mark.name,
            start_secs=mark.at - start,
            secs=None if end is None else max(0.0, end - mark.at),
        )


def _firsts(turn: Turn, start: float | None, *, stamps: bool) -> dict[str, float]:
    firsts: dict[str, float] = {}
    if start is not None:
        for mark in turn.marks:
            if (mark.moment is Moment.STAMP) is stamps and mark.moment not in _METRICS:
                firsts.setdefault(mark.key if stamps else str(mark.moment), mark.at - start)
    return firsts


def _stage(span: Span, start: float, services: Mapping[str, Service]) -> Stage:
    service = services.get(span.owner, Service())
    return Stage(
        name=span.stage,
        secs=span.end - span.start,
        start_secs=span.start - start,
        owner=span.owner,
        provider=service.provider,
        model=service.model,
    )
