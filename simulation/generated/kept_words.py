"""The agent's words in the context against those that sounded in the caller's ear."""

from collections.abc import Iterator
from dataclasses import dataclass

from antiphon.simulation.generated.events import CallEvents

__all__ = ["difference"]

CUT_MARK = "—"
# What only fills a wait stands in no context.
FILLERS = frozenset(["One", "moment…"])


@dataclass(frozen=True, kw_only=True)
class _Word:
    """A word that may be in the context.

    Parameters:
        text: The word.
        surely: Whether it must be.
    """

    text: str
    surely: bool


def difference(events: CallEvents, *, heard_share: float) -> str:
    """Tell the first difference; empty if there is none.

    Args:
        events: What was seen of the call.
        heard_share: A word of which so much was heard may be in the context, and one of which so
            much was not heard may be missing.
    """
    heard = list(_heard(events, heard_share))
    at = 0
    for word in _kept(events):
        found = next((k for k in range(at, len(heard)) if heard[k].text == word), None)
        if found is None:
            return f"{word!r} is in it, and was not heard there"
        if lost := _lost(heard[at:found]):
            return lost
        at = found + 1
    return _lost(heard[at:])


def _kept(events: CallEvents) -> Iterator[str]:
    for role, text in events.context:
        if role == "assistant":
            yield from text.replace(CUT_MARK, " ").split()


def _lost(words: list[_Word]) -> str:
    lost = " ".join(word.text for word in words if word.surely)
    return f"{lost!r} was heard, and is not in it" if lost else ""


def _heard(events: CallEvents, heard_share: float) -> Iterator[_Word]:
    secs: dict[int, float] = {}
    for each in events.heard.words:
        # One that was said again counts as it was heard best.
        secs[each.number] = max(secs.get(each.number, 0.0), each.secs)
    fillers = {said.request for said in events.said.values() if said.text in FILLERS}

    def share(number: int, request: int) -> float | None:
        said = events.said.get(number)
        if said is None or said.request != request:
            return None
        return secs.get(number, 0.0) / said.secs

    for number, said in events.said.items():
        if said.request in fillers:
            continue
        whole = 1 - heard_share
        now = share(number, said.request) or 0.0
        before, after = share(number - 1, said.request), share(number + 1, said.request)
        surely, maybe = now >= whole, now > heard_share
        if not events.plan.word_times:
            # Told from the length of a sentence alone, a word more or less at a cut is no fault.
            surely = surely and (after is None or after >= whole)
            maybe = maybe or bool(before)
        if surely or maybe:
            yield _Word(text=said.text, surely=surely)
