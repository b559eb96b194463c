"""A generated call line by line, for who wants to know what went wrong in it."""

from collections.abc import Iterator

from antiphon.simulation.generated.events import CallEvents

__all__ = ["timeline"]


def timeline(events: CallEvents) -> list[str]:
    """Return what was seen of a call, in the order of its time.

    Args:
        events: What was seen.
    """
    plan = events.plan
    ends = "call over" if events.ended_secs is not None else "the call does not end"
    rows = [
        *_rows(events),
        (events.ended_secs or 0.0, f"{ends}, {plan.ending}: {' '.join(events.endings)}"),
    ]
    return [
        f"seed {plan.seed}: interims {plan.interims}, finals marked {plan.marks_finals}, "
        f"word times {plan.word_times}, turns end after {plan.silence_secs} s",
        *(f"{at:7.2f}  {told}" for at, told in sorted(rows)),
        *(f"{role:>12}: {text}" for role, text in events.context),
    ]


def _rows(events: CallEvents) -> Iterator[tuple[float, str]]:
    for line in events.lines:
        secs = line.end_secs - line.start_secs
        yield line.start_secs, f"CALLER {line.line.kind} {line.line.text!r} {secs:.2f} s"
    for final in events.finals:
        yield final.at_secs, f"    stt {final.line.text!r}"
    for answer in events.answers:
        asked = answer.line and answer.line.text
        yield answer.at_secs, f"    llm to {asked!r}: {' '.join(answer.words) or 'a tool'}"
    for outage in events.outages:
        yield outage.at_secs, f"    {outage.service} out"
    for measured in events.measured or []:
        if measured.answered_secs is not None:
            yield measured.answered_secs, f"    measured {measured.kind}"
    for recording in events.heard.recordings:
        secs = recording.end_secs - recording.start_secs
        yield recording.start_secs, f"AGENT a recording {secs:.2f} s"
    yield from _said(events)


def _said(events: CallEvents) -> Iterator[tuple[float, str]]:
    words = list(events.heard.words)
    while words:
        first, count = words[0], 1
        request = events.said[first.number].request
        while count < len(words) and (
            events.said[words[count].number].request == request
            and words[count].start_secs - words[count - 1].end_secs < 0.1
        ):
            count += 1
        told = []
        for word in words[:count]:
            said = events.said[word.number]
            share = word.secs / said.secs
            told.append(said.text if share > 0.9 else f"{said.text}({share:.0%})")
        secs = words[count - 1].end_secs - first.start_secs
        yield first.start_secs, f"AGENT {' '.join(told)} {secs:.2f} s"
        del words[:count]
