"""How often what happens in a generated call, and within which bounds: all of it is here."""

from dataclasses import dataclass, fields, replace

__all__ = ["CallRanges"]

Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class CallRanges:
    """The rates and ranges of generated calls; the defaults are an ordinary day.

    A rate is a share from 0 to 1, of what its description names. A range is the least and the most
    of seconds, words or a pace; all between is as likely.

    Parameters:
        lines: How often the caller takes the turn in a call.
        pause_secs: From the agent's last word to the caller's next, beyond 0.7 s.
        caller_words_per_sec: The pace of the caller.
        silence_secs: The silence that ends a turn, as the agent is set.
        greeting_rate: Of agents that speak first.
        barge_in_rate: Of turns that the caller takes while the agent speaks.
        barge_in_secs: From the agent's first word to such a turn.
        backchannel_rate: Of the caller's turns after which the answer gets an "uh-huh".
        noise_rate: Of the caller's turns beside which something coughs or bangs.
        noise_secs: How long it sounds.
        keys_rate: Of turns that are keys, not words.
        second_thought_rate: Of turns to which the caller adds another sentence.
        second_thought_secs: The pause before it.
        interims_rate: Of calls whose recogniser tells words before they are final.
        marks_finals_rate: Of calls whose recogniser says that nothing follows a final.
        final_secs: From the caller's last sound to the final transcript.
        early_final_rate: Of finals that come before the silence is noticed.
        late_final_rate: Of finals that are late.
        late_final_secs: How late.
        doubled_final_rate: Of finals that come twice.
        doubled_final_secs: The time between the two.
        missing_final_rate: Of finals that never come.
        first_token_secs: From the request to the first token.
        tokens_per_sec: The pace of the tokens, a word each.
        reply_words: How long a reply is.
        slow_llm_rate: Of replies that are slow to begin.
        slow_llm_secs: How slow.
        failing_llm_rate: Of replies that break off with an error, before the first word or after.
        hanging_llm_rate: Of replies that hang, before the first word or after.
        tool_rate: Of replies that use a tool first.
        tool_secs: How long the tool takes.
        slow_tool_rate: Of tools that are slow.
        slow_tool_secs: How slow.
        failing_tool_rate: Of tools that raise, or return without a result.
        hanging_tool_rate: Of tools that never return.
        word_times_rate: Of calls whose voice tells when each word sounds.
        first_audio_secs: From a sentence to its first sound.
        voice_words_per_sec: The pace of the voice.
        audio_pace: Seconds that a second of the voice takes to arrive.
        hanging_voice_rate: Of sentences at which the voice hangs, before a sound or after.
        failing_voice_rate: Of sentences at which it breaks off with an error.
        hang_up_rate: Of callers who hang up while the agent speaks or works.
        idle_rate: Of calls at whose end the caller says nothing more, and stays.
        agent_ends_rate: Of calls that the agent ends, with a goodbye.
    """

    lines: Span = (2, 4)
    pause_secs: Span = (0.0, 1.5)
    caller_words_per_sec: Span = (2.2, 3.4)
    silence_secs: Span = (0.3, 0.5)
    greeting_rate: float = 0.9
    barge_in_rate: float = 0.2
    barge_in_secs: Span = (0.2, 3.0)
    backchannel_rate: float = 0.15
    noise_rate: float = 0.2
    noise_secs: Span = (0.1, 0.5)
    keys_rate: float = 0.08
    second_thought_rate: float = 0.12
    second_thought_secs: Span = (0.3, 1.6)
    interims_rate: float = 0.6
    marks_finals_rate: float = 0.6
    final_secs: Span = (0.1, 0.5)
    early_final_rate: float = 0.1
    late_final_rate: float = 0.06
    late_final_secs: Span = (0.8, 2.5)
    doubled_final_rate: float = 0.08
    doubled_final_secs: Span = (0.02, 1.0)
    missing_final_rate: float = 0.03
    first_token_secs: Span = (0.2, 0.7)
    tokens_per_sec: Span = (20.0, 80.0)
    reply_words: Span = (4, 24)
    slow_llm_rate: float = 0.06
    slow_llm_secs: Span = (1.0, 6.0)
    failing_llm_rate: float = 0.03
    hanging_llm_rate: float = 0.03
    tool_rate: float = 0.2
    tool_secs: Span = (0.0, 0.4)
    slow_tool_rate: float = 0.25
    slow_tool_secs: Span = (1.0, 12.0)
    failing_tool_rate: float = 0.1
    hanging_tool_rate: float = 0.05
    word_times_rate: float = 0.6
    first_audio_secs: Span = (0.05, 0.25)
    voice_words_per_sec: Span = (2.4, 3.6)
    audio_pace: Span = (0.02, 0.4)
    hanging_voice_rate: float = 0.02
    failing_voice_rate: float = 0.02
    hang_up_rate: float = 0.2
    idle_rate: float = 0.08
    agent_ends_rate: float = 0.15

    def __post_init__(self) -> None:
        """Refuse what no call could be drawn from."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_rate"):
                if not 0 <= value <= 1:
                    raise ValueError(f"{field.name}={value!r}: give a share from 0 to 1")
            elif not 0 <= value[0] <= value[1]:
                raise ValueError(f"{field.name}={value!r}: give the least and the most")

    def wider(self, by: float) -> "CallRanges":
        """Return ranges in which more happens, and in wider bounds.

        Args:
            by: 1.0 for these; with 1.5 what is at most so long is half as long again, what is at
                least so long is by as much shorter, and rates grow by half, up to 0.6 or what they
                are.
        """
        changed: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_rate"):
                usual = field.name in USUAL
                changed[field.name] = value if usual else min(max(0.6, value), value * by)
            elif field.name not in ORDINARY:
                changed[field.name] = (value[0] / by, value[1] * by)
        return replace(self, **changed)  # type: ignore[arg-type]


USUAL = ("greeting_rate", "interims_rate", "marks_finals_rate", "word_times_rate")
"""What kind of agent it is: no more of it makes a call wilder."""

ORDINARY = ("final_secs", "first_token_secs", "tokens_per_sec", "first_audio_secs", "audio_pace")
"""How services are while they work; the invariants hold them to it, so it is no wilder either."""
