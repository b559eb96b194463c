"""Whether a caller who speaks while the agent does means to take the turn.

Pure: what was heard so far comes in, a decision comes out; no clock, no I/O. Guards that hold for
every caller come first, then a linear text model where there is one for the language (else the
word lists alone), then two thresholds set by one cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from antiphon.core.language_tags import language_of
from antiphon.processors.interruption.lexicon import (
    PhraseKind,
    PhraseSpan,
    languages,
    lexicon,
    normalize,
)
from antiphon.processors.interruption.model import features, turn_model
from antiphon.processors.interruption.repeating import follows_along

__all__ = [
    "Action",
    "AgentState",
    "Decider",
    "Decision",
    "DecisionSettings",
    "InterruptionDecider",
    "Utterance",
]

_MODEL_LANGUAGES = ("en",)
# Words that may stand before a command or an objection without changing it: "okay, stop".
_LEAD = (PhraseKind.FILLER, PhraseKind.BACK, PhraseKind.SOFT)
_OBJECTION = (PhraseKind.ASK, PhraseKind.REPAIR, PhraseKind.REJECT)
# How much of the final threshold's doubt is still allowed while the caller speaks: the largest
# value that adds no false interruption in cross-validation (tried: 0.2, 0.35, 0.6).
_EARLY_DOUBT = 0.35
# How likely an interruption is by what says no more than "uh-huh".
_COMMENT = 0.05
# Whoever follows instructions repeats the end of the last one.
_REPEATED_CHARS = 160
_ABOVE_ZERO = (
    "false_interruption_cost",
    "noise_after_secs",
    "hold_after_secs",
    "long_speech_secs",
)


class Action(StrEnum):
    """What to do about an utterance."""

    WAIT = "wait"
    HOLD = "hold"
    """Fall silent, and lose nothing, until it is clear."""
    IGNORE = "ignore"
    INTERRUPT = "interrupt"


class AgentState(StrEnum):
    """What the agent was doing when the caller began."""

    SPEAKING = "speaking"
    TOOL = "tool"
    THINKING = "thinking"
    SILENT = "silent"


@dataclass(frozen=True, kw_only=True)
class DecisionSettings:
    """How to decide.

    Parameters:
        language: Which word lists to use (ISO 639-1), where an utterance does not say.
        false_interruption_cost: How bad it is to stop for an "uh-huh", against talking on over
            someone who wants the turn (which costs 1). Above 1 the agent is harder to interrupt.
        text_model: Whether to use the text model where there is one for the language. Without it
            the word lists decide.
        noise_after_secs: A voice without words counts as noise this long after it ended.
        hold_after_secs: A voice that goes on for this long silences the agent until it is clear
            what it wants.
        long_speech_secs: Speech this long interrupts where no transcript of it is waited for, as
            with a speech-to-speech model.
    """

    language: str = "en"
    false_interruption_cost: float = 1.75
    text_model: bool = True
    noise_after_secs: float = 0.8
    hold_after_secs: float = 0.3
    long_speech_secs: float = 1.0

    def __post_init__(self) -> None:
        """Refuse settings that decide nothing."""
        lexicon(self.language)
        for name in _ABOVE_ZERO:
            if not (value := getattr(self, name)) > 0:
                raise ValueError(f"{name} is {value!r}: give a number above 0")


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """What is known so far about one utterance of the caller.

    Parameters:
        words: The caller's words since the onset: all finals and the latest interim, as one string
            or as a sequence of words.
        agent_text: What the agent is saying.
        agent_asked: Whether the agent's last sentence was a question.
        speech_secs: How long the caller has been speaking.
        is_final: Whether the speech service considers the utterance complete.
        silence_secs: How long the caller has been silent again; None while the voice lasts. With
            `speech_secs` it gives the time since the onset.
        agent_state: What the agent was doing when the caller began.
        language: Overrides the settings' language; unknown languages fall back to it.
        sounding: Whether the voice is to be heard at this moment.
        transcribed: Whether words of it are to be waited for.
        own_words: What the agent has just said, which may come back as an echo: each word, and how
            many seconds after the caller's onset it sounded (below 0: before it).
    """

    words: str | Sequence[str] = ()
    agent_text: str = ""
    agent_asked: bool = False
    speech_secs: float = 0.0
    is_final: bool = False
    silence_secs: float | None = None
    agent_state: AgentState = AgentState.SPEAKING
    language: str | None = None
    sounding: bool = True
    transcribed: bool = True
    own_words: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True)
class Decision:
    """What to do, and why.

    Parameters:
        action: "wait", "hold", "ignore" or "interrupt".
        reason: Which rule decided; never words of the caller.
        probability: That the caller means to interrupt, where words were weighed.
    """

    action: Action
    reason: str
    probability: float | None = None


class Decider(Protocol):
    """Any other way to decide: an audio model, an LLM."""

    async def decide(self, utterance: Utterance) -> Decision:
        """Decide about an utterance as it stands.

        Args:
            utterance: All that is known so far.
        """
        ...


class InterruptionDecider:
    """Decides about one utterance at a time; `reset` it between utterances."""

    def __init__(self, *, settings: DecisionSettings | None = None) -> None:
        """Prepare the thresholds.

        Args:
            settings: How to decide.
        """
        self.settings = settings or DecisionSettings()
        cost = self.settings.false_interruption_cost
        # Expected cost is least when interrupting above cost / (cost + 1).
        self._final = cost / (cost + 1)
        # While the caller speaks waiting is cheap and a stop cannot be taken back: be surer.
        self._early = 1 - (1 - self._final) * _EARLY_DOUBT
        self._binding: Decision | None = None

    def reset(self) -> None:
        """Forget the utterance; the next one starts fresh."""
        self._binding = None

    def decide(self, utterance: Utterance) -> Decision:
        """Decide about the utterance as it stands.

        Args:
            utterance: All that is known so far, not what came since the last call.

        Returns:
            The decision. Once it was "interrupt" it stays so until `reset`.
        """
        if self._binding is None:
            decision = self._decide(utterance)
            if decision.action is Action.INTERRUPT:
                self._binding = decision
            return decision
        return self._binding

    def _decide(self, utterance: Utterance) -> Decision:
        words = normalize(utterance.words)
        if not words:
            return self._without_words(utterance)
        if utterance.agent_state in (AgentState.SILENT, AgentState.THINKING):
            return Decision(Action.INTERRUPT, "the floor is free")
        language = self._language(utterance.language)
        lists = lexicon(language)
        spans = lists.cut(words)
        unfinished = not utterance.is_final and lists.may_continue(spans)
        if _is_command(spans, unfinished=unfinished):
            return Decision(Action.INTERRUPT, "command")
        objects = any(span.kind is PhraseKind.REJECT for span in spans)
        clear = objects or not (unfinished or _comments(spans))
        wait = Action.HOLD if clear or self._goes_on(utterance) else Action.WAIT
        if utterance.agent_asked:
            if utterance.is_final or any(span.kind is not PhraseKind.FILLER for span in spans):
                return Decision(Action.INTERRUPT, "answer")
            return Decision(wait, "answer in progress")
        if self.settings.text_model and language in _MODEL_LANGUAGES:
            found = features(spans, utterance.agent_text)
            probability = turn_model().probability(found, is_final=utterance.is_final)
        else:
            probability = _probability_by_lists(spans, unsegmented=lists.unsegmented)
        if utterance.is_final and _asks(utterance.words, spans):
            probability = max(probability, 0.95)
        elif lists.hands_back(spans) or follows_along(
            spans, _just_said(utterance), is_final=utterance.is_final
        ):
            probability = min(probability, _COMMENT)
        threshold = self._final if utterance.is_final else self._early
        if probability >= threshold and not unfinished:
            return Decision(Action.INTERRUPT, "takes the turn", probability)
        if utterance.is_final:
            return Decision(Action.IGNORE, "backchannel", probability)
        return Decision(wait, "undecided", probability)

    def _without_words(self, utterance: Utterance) -> Decision:
        silence_secs = utterance.silence_secs
        long = utterance.speech_secs >= self.settings.long_speech_secs
        if long and not utterance.transcribed:
            return Decision(Action.INTERRUPT, "long speech")
        expired = silence_secs is not None and silence_secs >= self.settings.noise_after_secs
        if not (expired or utterance.is_final):
            action = Action.HOLD if self._goes_on(utterance) else Action.WAIT
            return Decision(action, "no words yet")
        if utterance.agent_asked:
            return Decision(Action.INTERRUPT, "answer in progress")
        return Decision(Action.IGNORE, "noise")

    def _goes_on(self, utterance: Utterance) -> bool:
        lasts = utterance.silence_secs is None and utterance.sounding
        return lasts and utterance.speech_secs >= self.settings.hold_after_secs

    def is_comment(self, words: str, language: str | None = None) -> bool:
        """Return whether words say no more than "uh-huh" or "how nice".

        Args:
            words: The words.
            language: Overrides the settings' language.
        """
        spans = lexicon(self._language(language)).cut(normalize(words))
        return not spans or _comments(spans)

    def _language(self, language: str | None) -> str:
        code = language_of(language or self.settings.language)
        return code if code in languages() else language_of(self.settings.language)


def is_command(words: Sequence[str], language: str | None) -> bool:
    """Whether all that was said, in lower case, is a command such as "wait".

    Args:
        words: What was said.
        language: A BCP 47 code; English if unknown.
    """
    code = language_of(language or "en")
    lists = lexicon(code if code in languages() else "en")
    return bool(words) and _is_command(lists.cut(words), unfinished=False)


def _is_command(spans: Sequence[PhraseSpan], *, unfinished: bool) -> bool:
    """Whether a command opens what was said, or "no" or "say again" is all of it."""
    for span in spans:
        if span.kind is PhraseKind.STOP:
            return True
        if span.kind not in _LEAD:
            if len(spans) > 1:
                return False
            # "No" may become "no no, go on", and "what" may become "what a shame".
            return span.kind in (PhraseKind.REJECT, PhraseKind.REPAIR) and not unfinished
    return False


def _comments(spans: Sequence[PhraseSpan]) -> bool:
    """Whether all of it is "uh-huh" and the like; "that's" alone may become anything."""
    kinds = [span.kind for span in spans]
    return all(kind in _LEAD or kind is PhraseKind.ASSESS for kind in kinds) and kinds[-1] in (
        PhraseKind.BACK,
        PhraseKind.ASSESS,
        PhraseKind.FILLER,
    )


def _just_said(utterance: Utterance) -> str:
    """What the agent has just said, as far as that is known."""
    if not utterance.own_words:
        return utterance.agent_text[-_REPEATED_CHARS:]
    # What it is saying begins with the sentence that sounds.
    said = " ".join(word for word, _ in utterance.own_words)
    return f"{said} {utterance.agent_text[:_REPEATED_CHARS]}"


def _asks(words: str | Sequence[str], spans: Sequence[PhraseSpan]) -> bool:
    """Whether the speech service heard a question about something ("really?" asks nothing)."""
    if not words or not words[-1].rstrip().endswith(("?", "？")):
        return False
    return any(span.kind is PhraseKind.CONTENT for span in spans)


def _probability_by_lists(spans: Sequence[PhraseSpan], *, unsegmented: bool) -> float:
    """How likely an interruption is, from the kinds of words alone."""
    kinds = [span.kind for span in spans if span.kind not in _LEAD]
    if not kinds:
        return _COMMENT
    # Japanese and Chinese ask and negate at the end as well as at the beginning; others behind a
    # word: "tengo una pregunta", "das will ich nicht".
    if any(kind in _OBJECTION for kind in (kinds if unsegmented else kinds[:2])):
        return 0.9
    content = sum(span.size for span in spans if span.kind is PhraseKind.CONTENT)
    if kinds[0] is PhraseKind.ASSESS and content < 1:
        return _COMMENT
    return min(0.95, 0.3 + 0.2 * content)
