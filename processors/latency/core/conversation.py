"""How the conversation went, in numbers that the frames already hold. No word is kept."""

import re
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from antiphon.processors.latency.core.moments import Moment

__all__ = ["Conversation", "ConversationMeasures", "asks_to_repeat", "count_words"]

DEAD_AIR_SECS = 2.0
"""A silence of both sides longer than this is dead air."""

# Scripts without spaces: each character counts for a word.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W_]+(?:['’-][^\W_]+)*")


def count_words(text: str) -> int:
    """Count words: in scripts without spaces (Chinese, Japanese, Thai), characters."""
    return len(_WORD.findall(text))


def _load() -> tuple[re.Pattern[str], frozenset[str]]:
    table = tomllib.loads(Path(__file__).with_name("repeats.toml").read_text(encoding="utf-8"))
    anywhere = {phrase for language in table.values() for phrase in language["anywhere"]}
    alone = {phrase for language in table.values() for phrase in language["alone"]}
    either = "|".join(re.escape(phrase) for phrase in sorted(anywhere))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)"), frozenset(alone)


# Loaded once a process, and shared by its calls.
_ANYWHERE, _ALONE = _load()


def asks_to_repeat(text: str) -> bool:
    """Whether an utterance says that the caller did not hear or understand the agent.

    Args:
        text: What the caller said, in any of the languages of `repeats.toml`.
    """
    text = text.lower().replace("’", "'")
    return " ".join(re.findall(r"[\w'-]+", text)) in _ALONE or bool(_ANYWHERE.search(text))


@dataclass(frozen=True, kw_only=True)
class ConversationMeasures:
    """One call, or what there is of it so far.

    Parameters:
        seconds: How long it has lasted.
        turns: The caller's turns in which a word was recognized.
        agent_utterances: How often the agent spoke.
        barge_ins: How often the caller cut it off.
        false_barge_ins: Those after which no word of the caller's was recognized.
        repeat_requests: Turns in which the caller asked to hear something again.
        dead_air_secs: Time in silences of both sides of more than 2 s.
        caller_words: The caller's words.
        agent_words: The agent's words, as they were sent to be spoken.
        dollars: Cost by provider.
        unpriced: Services, as `provider/model`, whose price is not known.
        prices_as_of: The day, as YYYY-MM-DD, of the prices.
    """

    seconds: float
    turns: int
    agent_utterances: int
    barge_ins: int
    false_barge_ins: int
    repeat_requests: int
    dead_air_secs: float
    caller_words: int
    agent_words: int
    dollars: dict[str, float] = field(default_factory=dict)
    unpriced: list[str] = field(default_factory=list)
    prices_as_of: str = ""

    @property
    def interruption_rate(self) -> float | None:
        """Barge-ins an agent utterance; None if it never spoke."""
        return self.barge_ins / self.agent_utterances if self.agent_utterances else None

    @property
    def false_interruption_rate(self) -> float | None:
        """The share of barge-ins that were none; None without barge-ins."""
        return self.false_barge_ins / self.barge_ins if self.barge_ins else None

    @property
    def silence_ratio(self) -> float | None:
        """The share of the call that is dead air."""
        return self.dead_air_secs / self.seconds if self.seconds else None

    @property
    def repeat_request_rate(self) -> float | None:
        """Requests to repeat, a turn."""
        return self.repeat_requests / self.turns if self.turns else None

    @property
    def words_per_turn(self) -> float | None:
        """The caller's words, a turn."""
        return self.caller_words / self.turns if self.turns else None

    @property
    def words_per_utterance(self) -> float | None:
        """The agent's words, an utterance."""
        return self.agent_words / self.agent_utterances if self.agent_utterances else None

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and the rates, fit for JSON, rounded to four digits after the dot."""
        rates = {name: getattr(self, name) for name in _RATES}
        return {name: _rounded(value) for name, value in (asdict(self) | rates).items()}


_RATES = tuple(
    name for name, value in vars(ConversationMeasures).items() if isinstance(value, property)
)


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


class Conversation:
    """Counts as a call goes on."""

    def __init__(self) -> None:
        self._started_at: float | None = None
        self._last_at = 0.0
        self._silent_since: float | None = None
        self._caller_speaks = False
        self._agent_speaks = False
        self._dead_air_secs = 0.0
        self._utterances = 0
        self._turns = 0
        self._barge_ins = 0
        self._false_barge_ins = 0
        self._after_barge_in = False
        self._repeats = 0
        self._asked_again = False
        self._caller_words = 0
        self._agent_words = 0

    def see(self, moment: Moment, *, at: float) -> None:
        """Take in that the call begins, or a voice begins or ends; no other moment counts here."""
        match moment:
            case Moment.CONNECTED:
                pass
            case Moment.CALLER_STARTED | Moment.CALLER_STOPPED:
                self._caller_speaks = moment is Moment.CALLER_STARTED
            case Moment.BOT_STARTED | Moment.BOT_STOPPED:
                starts = moment is Moment.BOT_STARTED
                self._utterances += starts and not self._agent_speaks
                self._agent_speaks = starts
            case _:
                return
        if self._started_at is None:
            self._started_at = self._silent_since = at
        self._last_at = at
        if self._caller_speaks or self._agent_speaks:
            self._dead_air_secs += self._dead_air(at)
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = at

    def caller_said(self, text: str) -> None:
        """A final transcript; it is counted and forgotten."""
        self._caller_words += count_words(text)
        self._asked_again = self._asked_again or asks_to_repeat(text)

    def agent_said(self, text: str) -> None:
        """Text that is spoken; it is counted and forgotten."""
        self._agent_words += count_words(text)

    def barge_in(self) -> None:
        """The caller cut the agent off."""
        self._barge_ins += 1
        self._after_barge_in = True

    def turn(self, *, empty: bool) -> None:
        """A turn of the caller's is over.

        Args:
            empty: Whether no word of it was recognized.
        """
        self._turns += not empty
        self._false_barge_ins += empty and self._after_barge_in
        self._repeats += self._asked_again
        self._after_barge_in = self._asked_again = False

    def measures(
        self, at: float, *, cost: tuple[dict[str, float], list[str]] | None = None
    ) -> ConversationMeasures:
        """Return the numbers so far.

        Args:
            at: The present time, in seconds of the clock of all the other times.
            cost: What `Usage.cost` returned.
        """
        self._last_at = max(self._last_at, at)
        started = self._last_at if self._started_at is None else self._started_at
        dollars, unpriced = cost or ({}, [])
        return ConversationMeasures(
            seconds=self._last_at - started,
            turns=self._turns,
            agent_utterances=self._utterances,
            barge_ins=self._barge_ins,
            false_barge_ins=self._false_barge_ins,
            repeat_requests=self._repeats,
            dead_air_secs=self._dead_air_secs + self._dead_air(self._last_at),
            caller_words=self._caller_words,
            agent_words=self._agent_words,
            dollars=dollars,
            unpriced=unpriced,
        )

    def _dead_air(self, at: float) -> float:
        silence = 0.0 if self._silent_since is None else at - self._silent_since
        return silence if silence > DEAD_AIR_SECS else 0.0
