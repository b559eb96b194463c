"""When a caller who waits is to hear something: one wait after the other.

Pure: what happened comes in with its time, and when something is due goes out. A filler and an
apology each keep such waits, and differ only in when they are due.
"""

from collections.abc import Sequence

__all__ = ["Waits"]

UNHEARD_SECS = 2.5
"""How long words that are on their way to the voice count as about to sound."""

BREATH_SECS = 1.1
"""So long after the caller's last sound nothing is said that is no answer."""

NOTICED_SECS = 0.35
"""So long after it began a voice is noticed: words may be known of it before."""

AFTER_TOOL_SECS = 2.5
"""What was asked for with a tool is answered within this after its result, or is late."""

LATE_SECS = 4.0
"""A turn that ends so long after a voice did is another one's."""

SOON_SECS = 0.6
"""So soon after a turn has ended an answer may begin, which would have to wait for a filler."""

HESITATED_SECS = 2.5
"""Who is silent for so long before their turn ends was waited for, as one who has not finished."""


class Waits:
    """Knows since when the caller hears nothing while the agent owes something."""

    def __init__(self, due_secs: Sequence[float]) -> None:
        """Start with nothing owed.

        Args:
            due_secs: Seconds of a wait after which something is due, each once, in order.
        """
        self._due_secs = tuple(due_secs)
        self._said = 0
        self._since: float | None = None
        self._tools: set[str] = set()
        self._speaks = self._words_under_way = self._held = False
        self._voice = self._heard = False
        self._silent_at: float | None = None
        self._late_since: float | None = None
        self._soonest = 0.0
        self._tool_ended_at: float | None = None
        self._taken: float | None = None

    def voice_started(self) -> None:
        """The caller's voice is heard, whatever it means: nothing is said over it."""
        self._voice, self._late_since = True, None

    def voice_ended(self, at: float) -> None:
        """The caller's voice is heard no more.

        Args:
            at: Since when.
        """
        self._voice, self._heard = False, True
        self._silent_at = at
        if self._since is None:
            # Of a voice that nothing is made of, all that was said before is forgotten as well.
            self._said = 0

    def keys_pressed(self, at: float) -> None:
        """The caller uses the keys, and so does not wait since their last word.

        Args:
            at: When.
        """
        self._silent_at, self._heard = at, False

    def turn_started(self, at: float) -> None:
        """The caller has the turn: nothing is owed, nor what was begun for the turn before.

        Args:
            at: Since when.
        """
        if not (self._voice or self._heard):
            # Of keys, which may be hidden from who fills the wait; they are complete now.
            self._silent_at = at
        self._tools.clear()
        self._tool_ended_at = None
        self._said = 0
        silent_at = self._silent_at
        if self._heard and silent_at is not None and at - silent_at < LATE_SECS and not self._voice:
            # Whose turn begins with a late transcript waits since they fell silent.
            self._late_since = max(silent_at, at + NOTICED_SECS - self._due_secs[0])
        self.interrupted()

    def turn_ended(self, at: float) -> None:
        """The caller waits for an answer, and has since they fell silent."""
        self._heard, self._late_since = False, None
        silent_at = self._silent_at
        waited = silent_at is not None and not self._voice and at - silent_at < LATE_SECS
        self._since = silent_at if waited else at
        hesitated = waited and silent_at is not None and at - silent_at >= HESITATED_SECS
        self._soonest = at + SOON_SECS if hesitated else at

    def tool_started(self, call_id: str, at: float, *, awaited: bool) -> None:
        """The agent uses a tool.

        Args:
            call_id: Tells it from other tools.
            at: When.
            awaited: Whether the answer waits for it, so that nothing said meanwhile is the answer.
        """
        if awaited:
            self._tools.add(call_id)
            self._tool_ended_at = None
        if self._since is None:
            self._since = at
            if self._words_under_way:
                self._since += UNHEARD_SECS

    def tool_ended(self, call_id: str, at: float, *, answers: bool) -> None:
        """A tool has given its result, or was cancelled.

        Args:
            call_id: The tool's.
            at: When.
            answers: Whether the model answers now.
        """
        if call_id in self._tools:
            self._tools.discard(call_id)
            self._tool_ended_at = at
        if not (answers or self._tools):
            self._since = None

    def answered(self, at: float) -> None:
        """Words or sound of an answer came by; fillers are none."""
        self._words_under_way = True
        if not self._tools:
            # What is missing after an answer has begun is another wait.
            self._since, self._said, self._tool_ended_at = None, 0, None
        elif self._since is not None:
            self._since = at + UNHEARD_SECS

    def agent_started(self) -> None:
        """The agent is heard, with a filler or an answer."""
        self._speaks = True

    def agent_stopped(self, at: float) -> None:
        """The agent has fallen silent."""
        if self._since is not None and self._words_under_way:
            self._since = at
        self._speaks = self._words_under_way = False

    def interrupted(self) -> None:
        """Nothing is owed any more but to who has said all, and no words are on their way."""
        self._since = self._late_since
        self._words_under_way = False

    def hold(self) -> None:
        """Owe nothing, as long as what the agent says is kept from the caller on purpose."""
        self._held = True

    def release(self, at: float) -> None:
        """Owe again what is not answered; the wait counts from now."""
        self._held = False
        if self._since is not None:
            self._since = at

    @property
    def held(self) -> bool:
        """Whether nothing is owed because the agent is kept from being heard."""
        return self._held

    def give_up(self) -> None:
        """Owe nothing more in this wait."""
        self._said = len(self._due_secs)

    @property
    def since(self) -> float | None:
        """Since when the caller has waited, if something could be said now."""
        return self._since if self.quiet and not self.over else None

    @property
    def answer_expected_at(self) -> float | None:
        """Until when an answer may be under way that a tool was needed for; None if none was."""
        if self._since is None or self._tool_ended_at is None:
            return None
        return self._tool_ended_at + AFTER_TOOL_SECS

    @property
    def quiet(self) -> bool:
        """Whether nobody speaks, and nobody is kept from it."""
        return not (self._speaks or self._voice or self._held)

    @property
    def over(self) -> bool:
        """Whether all that is to be said in this wait has been."""
        return self._said == len(self._due_secs)

    def next_due(self) -> float | None:
        """When to say something; None if nothing is owed, or not while somebody speaks."""
        if (since := self.since) is None:
            return None
        due = max(since + self._due_secs[self._said], self._soonest)
        return due if self._silent_at is None else max(due, self._silent_at + BREATH_SECS)

    def take(self, at: float) -> bool:
        """Take what is due.

        Args:
            at: The present time.

        Returns:
            Whether something is to be said now.
        """
        due = self.next_due()
        if due is None or at < due - 1e-6:
            return False
        self._said += 1
        self._taken = self._since
        if not self.over:
            # However late it was, the next is no less behind it.
            self._soonest = at + self._due_secs[self._said] - self._due_secs[self._said - 1]
        return True

    @property
    def stands(self) -> bool:
        """Whether what was taken is still to be said: no answer, and nobody's voice, came first."""
        return self._since is not None and self._since == self._taken and self.quiet
