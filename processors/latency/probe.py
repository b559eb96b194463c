"""`LatencyProbe`: when things pass one place in a pipeline, by name."""

from typing import Any

from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    LLMContextFrame,
    LLMTextFrame,
    SpeechOutputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from antiphon.processors.latency.core.stats import PROCESS, LatencyStats, Percentiles, Series
from antiphon.processors.latency.observer import LatencyObserver
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["LatencyProbe"]

_KINDS: dict[type[Frame], str] = {
    TranscriptionFrame: "transcript",
    LLMContextFrame: "context",
    LLMTextFrame: "token",
    AggregatedTextFrame: "sentence",
    TTSAudioRawFrame: "audio",
    SpeechOutputAudioRawFrame: "audio",
}


class LatencyProbe(SafeProcessor):
    """Stamps the first transcript, context, token, sentence and audio that passes in each turn.

    Two probes around a processor show what that processor costs. The time counts from the
    caller's silence. Frames pass untouched, and there is no queue they could wait in.

    Event handlers available:

    - on_stamp(probe, kind, secs): the first of a kind has passed, `secs` after the silence

    Example::

        Pipeline([…, llm, LatencyProbe(place="llm"), guard, LatencyProbe(place="guard"), tts, …])
    """

    def __init__(
        self,
        *,
        place: str,
        observer: LatencyObserver | None = None,
        process: LatencyStats = PROCESS,
        **kwargs: Any,
    ) -> None:
        """Create the probe.

        Args:
            place: What the place is called in statistics: its series are `place.token` and so on.
            observer: The call's observer, whose timeline then shows the stamps.
            process: Statistics that this call shares with others.
            **kwargs: Passed to `FrameProcessor`.

        Raises:
            ValueError: If `place` is empty.
        """
        if not place:
            raise ValueError("a probe needs a place: what its spot in the pipeline is called")
        super().__init__(enable_direct_mode=True, **kwargs)
        self.place = place
        self.stats = LatencyStats(windows_secs=())
        self._call_observer = observer
        self._process = process
        self._silent_at: float | None = None
        self._stamped: set[str] = set()
        self._register_event_handler("on_stamp")

    def percentiles(self, kind: str) -> Percentiles:
        """Return P50, P95 and P99 of this call.

        Args:
            kind: `transcript`, `context`, `token`, `sentence` or `audio`.
        """
        return self.stats.percentiles(f"{self.place}.{kind}")

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Stamp what is the first of its kind, and let it pass."""
        kind = _KINDS.get(type(frame))
        if kind is not None:
            if kind not in self._stamped and self._silent_at is not None:
                await self._stamp(kind, self._silent_at)
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._silent_at = self._now() - frame.stop_secs
            self._stamped.clear()
        await self.push_frame(frame, direction)

    async def _stamp(self, kind: str, silent_at: float) -> None:
        self._stamped.add(kind)
        now, name = self._now(), f"{self.place}.{kind}"
        secs = max(0.0, now - silent_at)
        for stats in (self.stats, self._process):
            stats.add(Series(stage=name), secs, at=now)
        if self._call_observer:
            self._call_observer.stamp(name, now)
        await self._call_event_handler("on_stamp", kind, secs)

    def _now(self) -> float:
        return self.get_clock().get_time() / 1e9
