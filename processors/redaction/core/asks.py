"""What one call has led up to: what was asked for, and how much of it was given.

An expectation lives until it is answered, replaced by the next question, or a few turns old.
Backchannels ("mm hmm", "go ahead") change nothing.
"""

from antiphon.processors.redaction.core.entities import CONTEXTUAL, LENGTHS, Entity
from antiphon.processors.redaction.core.units import UnitKind
from antiphon.processors.redaction.core.view import Cue, View

__all__ = ["Expectation"]

TURNS = 5
# A cue of these says little unless it is a question for them.
WEAK = frozenset({"PERSON", "STREET_ADDRESS", "BANK_ACCOUNT", "ZIP_CODE"})


class Expectation:
    """What a caller is expected to give, fed with its turns in order.

    Parameters:
        expected: The types asked for, most likely first.
        vetoed: True after a question for something that is nothing to hide.
        given: How many digits or letters of what is expected were given.
    """

    def __init__(self) -> None:
        self.expected: tuple[str, ...] = ()
        self.vetoed = False
        self.given = 0
        self._turns_left = 0
        self._held = False

    def expect(self, kinds: tuple[str, ...], turns: int) -> None:
        """Expect types because the application says so, for so many turns of the caller."""
        self._set(kinds, turns=turns, held=True)

    def clear(self) -> None:
        """Expect nothing in particular."""
        self._set((), turns=0)

    def _set(
        self,
        kinds: tuple[str, ...],
        *,
        turns: int = TURNS,
        vetoed: bool = False,
        held: bool = False,
    ) -> None:
        self.expected = kinds
        self.vetoed = vetoed
        self.given = 0
        self._turns_left = turns
        self._held = held

    @property
    def complete(self) -> bool:
        """Whether enough was given, so that only what is nothing but digits can belong to it."""
        return bool(self.expected) and self.given >= LENGTHS[self.expected[0]][0]

    def agent_said(self, view: View) -> None:
        """Take note of what the agent asks."""
        words = [w for w in view.scan.words if w[0].isalnum()]
        phrase = " ".join(words)
        if not words or phrase in view.language.backchannels or self._held:
            return
        question = view.text.rfind("?")
        asks = question >= 0 or any(w in view.language.requests for w in words)
        cues = _last_question(view) if question >= 0 else _requested(view)
        kinds = tuple(dict.fromkeys(c.type for c in cues if c.type))
        if not asks:
            if len(words) > 3:
                self._turn()
            return
        if kinds:
            self._set(kinds)
        elif any(not c.type for c in cues):
            self._set((), vetoed=True)
        elif not _continues(view):
            self.clear()

    def caller_said(self, view: View, found: list[Entity]) -> None:
        """Take note of what the caller gave, or is about to give."""
        numbers = [e for e in found if e.type not in CONTEXTUAL]
        self.given += sum(len(e.value) for e in numbers if e.type in self.expected)
        if numbers and not _words_after(view, numbers[-1].end):
            if not self.expected:
                # It may go on in the next turn.
                self._set((numbers[-1].type,), turns=2)
            return
        last = view.cues[-1] if view.cues else None
        announced = last is not None and not any(
            s.start >= view.scan.starts[last.token] for s in view.segments
        )
        if last and announced and not numbers and not self._held:
            if last.type and last.type not in WEAK:
                others = tuple(kind for kind in self.expected if kind != last.type)
                self._set((last.type, *others), turns=max(2, self._turns_left))
                return
            if not last.type and not self.expected:
                self._set((), turns=2, vetoed=True)
                return
        if not view.bare and len(view.scan.words) > 2:
            self._turn()

    def _turn(self) -> None:
        self._turns_left -= 1
        if self._turns_left <= 0:
            self.clear()


def _last_question(view: View) -> list[Cue]:
    """The cues of the last sentence that ends in a question mark; else the telling ones of all."""
    text = view.text
    end = text.rfind("?")
    begin = max(text.rfind(sign, 0, end) for sign in ".!?")
    inside = [c for c in view.cues if begin < view.scan.starts[c.token] <= end]
    return inside or [c for c in view.cues if c.type not in WEAK]


def _requested(view: View) -> list[Cue]:
    """The cues of a request without a question mark; weak ones only where something is asked."""
    text, starts = view.text, view.scan.starts
    requests = view.language.requests
    asking = [at for at, word in zip(starts, view.scan.words, strict=True) if word in requests]

    def asked(cue: Cue) -> bool:
        at = starts[cue.token]
        begin = max(text.rfind(sign, 0, at) for sign in ".!")
        ends = (text.find(sign, at) for sign in ".!")
        end = min((end for end in ends if end >= 0), default=len(text))
        return any(begin < word < end for word in asking)

    return [cue for cue in view.cues if cue.type not in WEAK or asked(cue)]


def _continues(view: View) -> bool:
    """Whether a question asks for more of the same: "could you repeat the digits?"."""
    words = view.scan.words
    return any(view.language.continuations.at(words, i) for i in range(len(words)))


def _words_after(view: View, end: int) -> bool:
    """Whether words with a meaning of their own follow the last number."""
    index = view.unit_index(end)
    lead_ins = view.language.lead_ins
    return any(u.kind is UnitKind.WORD and u.value not in lead_ins for u in view.scan.units[index:])
