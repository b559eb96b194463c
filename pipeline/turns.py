"""When the caller has the turn, in an agent that is composed."""

from dataclasses import dataclass

__all__ = ["TurnSettings"]

# Smart Turn judges synthetic voices at random, and the embedded recogniser's final is there 5 ms
# after the VAD stop, so silence alone ends a turn. Both figures measured.
EMBEDDED_SPEECH_TIMEOUT_SECS = 0.4


@dataclass(frozen=True, kw_only=True)
class TurnSettings:
    """When the caller has the turn.

    Parameters:
        silence_secs: Seconds of silence that end the caller's turn. By default Smart Turn judges;
            the embedded recogniser takes 0.4 s.
    """

    silence_secs: float | None = None

    def silence_secs_of(self, stt: object) -> float | None:
        """Return the seconds of silence that end a turn, None if Smart Turn judges.

        Args:
            stt: The agent's speech-to-text, as it was given.
        """
        if self.silence_secs is None and stt == "embedded":
            return EMBEDDED_SPEECH_TIMEOUT_SECS
        return self.silence_secs
