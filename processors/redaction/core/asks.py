"""What one call has led up to: what was asked for, and how much of it was given.

A model tells what a turn of the agent asks for; where there is none for the language, cue words in
questions do. An expectation lives until it is answered, replaced by the next question, or a few
turns old. Backchannels ("mm hmm", "go ahead") change nothing, nor does a question that is put in
the middle of a number ("is that card in your name?").
"""

import re
from typing import NamedTuple

from antiphon.processors.redaction.core.ask_model import (
    ACTS,
    ASK,
    MORE,
    MOST_SENTENCES,
    NUMBER,
    OTHER,
    QUANTITY,
    AskModel,
    Sentence,
    features,
    load_ask_model,
    sentences,
)
from antiphon.processors.redaction.core.asked_together import WEAK, beside_plain, listed
from antiphon.processors.redaction.core.cues import Cue
from antiphon.processors.redaction.core.entities import CONTEXTUAL, LENGTHS, PLAIN, Entity
from antiphon.processors.redaction.core.policy import HIDDEN
from antiphon.processors.redaction.core.units import UnitKind
from antiphon.processors.redaction.core.view import View

__all__ = ["TURNS", "Expectation"]

TURNS = 8
# Those of twelve to fourteen digits are so rare that after twelve the last four are to come.
FEWEST_OF_A_CARD = 15
OF_A_PAYMENT = frozenset({"CREDIT_CARD", "CVV", "CARD_EXPIRY", "PIN"})
BESIDE_A_CARD = frozenset({"CARD_EXPIRY", "CVV"})
# Four digits that a card may begin with (ISO/IEC 7812).
FIRST_GROUP = re.compile(r"(?:3[4-9]|4\d|5[0-5]|6\d|2[2-7])\d\d")
# How sure the model must be of what a sentence does, in log-odds, and that it asks or asks to go
# on, which to miss is a leak: one in two, one in three.
LIKELY = 0.0
ASKS = -0.6
# Below this a question is hardly for any of the types, one in four.
UNLIKELY = -1.1
# Digits of a number that is nobody's secret, at the least.
FEWEST_PLAIN = 3
# Turns of both sides for which a call is about something after it was spoken of.
ABOUT_TURNS = 10
DUE_TURNS = 3
# Of what several sentences do, the first of these counts.
FIRST = (MORE, NUMBER, *ACTS)


class Asked(NamedTuple):
    """What a turn of the agent asks for.

    Parameters:
        kinds: The types asked for, most likely first.
        act: What else of `ACTS` it does, "" if nothing.
        sure: Whether it is for these types rather than for anything else.
    """

    kinds: tuple[str, ...] = ()
    act: str = ""
    sure: bool = True


class Expectation:
    """What a caller is expected to give, fed with its turns in order.

    Parameters:
        expected: The types asked for, most likely first; "" among them for a number that is
            nobody's secret.
        vetoed: True after a question for something that is nothing to hide.
        paying: True while the call is about paying, or nothing is known of it.
        due: True if what was said last is, and nothing else was asked for.
        guarded: True while it is about anything that no model needs, or nothing is known of it.
        given: How many digits or letters of what is expected were given.
    """

    def __init__(self) -> None:
        self.expected: tuple[str, ...] = ()
        self.vetoed = False
        self.given = 0
        # What was asked for last, of which the last digits may be asked for again.
        self._before: tuple[str, ...] = ()
        self._turns_left = 0
        self._held = False
        self._whole: set[str] = set()
        self._paying_left = 1
        self._guarded_left = 1
        # Whether the agent has asked for something else, or the caller speaks of it.
        self._elsewhere = False

    @property
    def paying(self) -> bool:
        """Whether a number that nobody asked for may well be a card."""
        return self._paying_left > 0

    @property
    def due(self) -> bool:
        """Whether a few digits that nobody asked for may well be the first of a card."""
        return self._paying_left > ABOUT_TURNS - DUE_TURNS and not self._elsewhere

    @property
    def guarded(self) -> bool:
        """Whether nine digits that nobody asked for may well be somebody's."""
        return self._guarded_left > 0

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
        self._whole = set()
        self._turns_left = turns
        self._held = held

    @property
    def complete(self) -> bool:
        """Whether enough was given, so that only what is nothing but digits can belong to it."""
        kind = self.expected[0] if self.expected else PLAIN
        if kind == PLAIN:
            return False
        return self.given >= (FEWEST_OF_A_CARD if kind == "CREDIT_CARD" else LENGTHS[kind][0])

    def agent_said(self, view: View) -> None:
        """Take note of what the agent asks."""
        words = [w for w in view.scan.words if w[0].isalnum()]
        phrase = " ".join(words)
        self._heard(view)
        if not words or phrase in view.language.backchannels or self._held:
            return
        model, paying = load_ask_model(view.language.code), self.paying
        kinds, act, sure = _by_model(model, view, paying) if model else _by_rules(view)
        spelled = () if view.language.spells.isdisjoint(words) else ("PERSON",)
        act = MORE if spelled and not kinds else act
        if act in (OTHER, QUANTITY) and self._card_given:
            kinds, sure = _of_the_card(view) or kinds, True
        if kinds or act in (NUMBER, QUANTITY) or (act == OTHER and self._paying_left < ABOUT_TURNS):
            self._elsewhere = True
        if kinds and not sure and self.expected and not self.complete:
            # "And the number?" asks for what is still due.
            self._turns_left = max(self._turns_left, 2)
        elif kinds:
            self._before = tuple(kind for kind in kinds if kind)
            self._set(kinds)
        elif act == MORE:
            if not self.expected and (spelled or _continues(view)):
                self._set(tuple(dict.fromkeys(self._before + spelled)), turns=2)
            self._turns_left = max(self._turns_left, 2)
        elif act == NUMBER:
            self._set((), vetoed=True)
        elif act == OTHER and self._in_the_middle(view):
            self._turn()
        elif act:
            self.clear()
        elif len(words) > 3:
            self._turn()

    @property
    def _card_given(self) -> bool:
        return self.expected[:1] == ("CREDIT_CARD",) and self.complete

    def _in_the_middle(self, view: View) -> bool:
        """Whether a number was begun and is not whole, or the question is about it."""
        begun = self.given > 0 and not self.complete
        read_back = any(len(run) >= FEWEST_PLAIN for run in view.runs)
        return begun or read_back or any(cue.type in self.expected for cue in view.cues)

    def caller_said(self, view: View, found: list[Entity]) -> None:
        """Take note of what the caller gave, or is about to give."""
        self._heard(view)
        numbers = [e for e in found if e.type not in CONTEXTUAL]
        self.given += sum(len(e.value) for e in numbers if e.type in self.expected)
        self._next(view, found)
        if numbers and not _words_after(view, numbers[-1].end):
            if not self.expected:
                # It may go on in the next turn.
                self._set((numbers[-1].type,), turns=2)
            return
        last = view.cues[-1] if view.cues else None
        announced = last is not None and not any(
            s.start >= view.scan.ends[last.last - 1] for s in view.segments
        )
        if last and announced and not numbers and not self._held:
            if last.type and last.type not in WEAK:
                others = tuple(kind for kind in self.expected if kind != last.type)
                self._set((last.type, *others), turns=max(2, self._turns_left))
                return
            if not last.type and not self.expected:
                self._set((), turns=2, vetoed=True)
                return
        if not self.expected and not self.vetoed and not self._elsewhere and _group(view):
            # The first group of a card that nobody asked for: the next may follow, alone.
            self._set(("CREDIT_CARD",), turns=2)
            self.given = FEWEST_OF_A_CARD
        elif not view.bare and len(view.scan.words) > 2:
            self._turn()

    def _next(self, view: View, found: list[Entity]) -> None:
        """Expect first what is still due of several that were asked for."""
        if len(self.expected) < 2 or self._held:
            return
        self._whole |= {e.type for e in found if len(e.value) >= LENGTHS[e.type][0]}
        if PLAIN in self.expected and any(
            len(s) >= FEWEST_PLAIN and view.evidence(s)[0] == PLAIN for s in view.segments
        ):
            self._whole.add(PLAIN)
        due = tuple(kind for kind in self.expected if kind not in self._whole)
        if due and due[0] != self.expected[0]:
            self.expected = due + tuple(kind for kind in self.expected if kind in self._whole)
            self.given = 0

    def _heard(self, view: View) -> None:
        """Take note of whether a turn is about paying, or about who somebody is."""
        words, language = view.scan.words, view.language
        kinds = {cue.type for cue in view.cues}
        paying = bool(kinds & OF_A_PAYMENT) or not language.payments.isdisjoint(words)
        guarded = paying or bool(kinds & HIDDEN) or not language.identities.isdisjoint(words)
        if paying:
            self._elsewhere = False
        if words:
            self._paying_left = ABOUT_TURNS if paying else self._paying_left - 1
            self._guarded_left = ABOUT_TURNS if guarded else self._guarded_left - 1

    def _turn(self) -> None:
        self._turns_left -= 1
        if self._turns_left <= 0:
            self.clear()


def _by_model(model: AskModel, view: View, paying: bool) -> Asked:
    """What the sentences of a turn ask for, one after another.

    "We have just texted you a code. What does it say?" asks for what the sentence before is about.
    A question that is for no type in particular ("the number on your receipt?") is for one that a
    model may read, unless the call is about paying: only the record loses the answer.
    """
    kinds: list[str] = []
    acts: set[str] = set()
    about: list[Cue] = []
    sure = False
    for sentence in list(sentences(view))[-MOST_SENTENCES:]:
        found = features(sentence)
        does = model.acts(found)
        act = max(does, key=does.__getitem__)
        goes_on = sentence.words[0] in view.language.joins
        both = beside_plain(view, sentence)
        if act == ASK and does[ASK] > ASKS:
            likely = model.types(found)
            asked = sorted(likely, key=likely.__getitem__, reverse=True)
            sure = sure or likely[asked[0]] > UNLIKELY
            if likely[asked[0]] < UNLIKELY and not paying:
                asked = [kind for kind in asked if kind not in HIDDEN]
            asked = [kind for kind in asked if likely[kind] > LIKELY] or asked[:1]
            kinds += [PLAIN] if NUMBER in acts and goes_on and not kinds else []
            kinds += [k for k in both if k == PLAIN or k in asked] if PLAIN in both else []
            asked = [*listed(view, sentence, asked), *asked]
            kinds += [cue.type for cue in sentence.cues if cue.type in asked] + asked
        elif act == NUMBER and len(both) > 1:
            kinds += both
            sure = True
        elif does[act] > (ASKS if act == MORE or _of_a_number(act, sentence) else LIKELY):
            acts.add(act)
            kinds += [PLAIN] if act == NUMBER and goes_on and kinds else []
            if act == MORE and not kinds:
                kinds += [cue.type for cue in about if cue.type and cue.type not in WEAK]
        about = sentence.cues or about
    first = next((act for act in FIRST if act in acts), "") if acts else ""
    return Asked(tuple(dict.fromkeys(kinds)), first, sure)


def _of_a_number(act: str, sentence: Sentence) -> bool:
    """Whether a sentence that may ask for a number that is nobody's secret names one."""
    return act == NUMBER and any(cue.type == PLAIN for cue in sentence.cues)


def _of_the_card(view: View) -> tuple[str, ...]:
    """What of a card a turn asks for that goes on from its number: "and the date?"."""
    model, kinds = load_ask_model(view.language.code), []
    for sentence in sentences(view) if model else ():
        if model and sentence.words[0] in view.language.joins:
            likely = model.types(features(sentence))
            best = max(likely, key=likely.__getitem__)
            kinds += [best] if best in BESIDE_A_CARD and likely[best] > LIKELY else []
    return tuple(kinds)


def _group(view: View) -> bool:
    """Whether a turn is nothing but what a card's first group may be."""
    alone = view.bare and len(view.segments) == 1
    return alone and FIRST_GROUP.fullmatch(view.segments[0].digits) is not None


def _by_rules(view: View) -> Asked:
    """What the cue words in the questions and requests of a turn are of."""
    question = view.text.rfind("?")
    asks = question >= 0 or any(w in view.language.requests for w in view.scan.words)
    if not asks:
        return Asked()
    cues = _last_question(view) if question >= 0 else _requested(view)
    kinds = tuple(dict.fromkeys(c.type for c in cues if c.type))
    if kinds:
        return Asked(kinds)
    if any(not c.type for c in cues):
        return Asked(act=NUMBER)
    return Asked(act=MORE if _continues(view) else OTHER)


def _last_question(view: View) -> list[Cue]:
    """The cues of the last sentence that ends in a question mark; else the telling ones of all."""
    text = view.text
    end = text.rfind("?")
    begin = max(text.rfind(sign, 0, end) for sign in ".!?。")
    inside = [c for c in view.cues if begin < view.scan.starts[c.token] <= end]
    return inside or [c for c in view.cues if c.type not in WEAK]


def _requested(view: View) -> list[Cue]:
    """The cues of a request without a question mark; weak ones only where something is asked."""
    text, starts = view.text, view.scan.starts
    requests = view.language.requests
    asking = [at for at, word in zip(starts, view.scan.words, strict=True) if word in requests]

    def asked(cue: Cue) -> bool:
        at = starts[cue.token]
        begin = max(text.rfind(sign, 0, at) for sign in ".!。")
        ends = (text.find(sign, at) for sign in ".!。")
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
