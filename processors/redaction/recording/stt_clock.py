"""Counts what an STT gets, as the STT itself counts it, and writes it on the audio.

Word times are seconds of the STT's own stream. Whoever hears the same audio further on, perhaps not
all of it and not from the start, can tell by this where a word is.
"""

from typing import Any

from pipecat.frames.frames import InputAudioRawFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.stt_service import SegmentedSTTService, STTService

from antiphon.core.audio import frame_secs
from antiphon.processors.redaction.frames import STT_SECOND

__all__ = ["SttClock"]


class SttClock:
    """The clock of the STT before a processor.

    It stops for good where the STT's count is not known: at a second connection, which counts
    afresh, for one that counts each utterance from nothing, and where not just one STT is found.

    Args:
        processor: Behind the STT.
    """

    def __init__(self, processor: FrameProcessor) -> None:
        self._got_s = 0.0
        self._connections = 0
        self._stt = _stt_before(processor)
        if self._stt:
            self._stt.add_event_handler("on_connected", self._connected)

    def write(self, frame: InputAudioRawFrame) -> None:
        """Write on a packet that the STT has just let pass which second of its stream it is."""
        if STT_SECOND in frame.metadata:
            return
        stt = self._stt
        if stt is None or stt.is_muted or not stt.is_usable or self._connections > 1:
            frame.metadata[STT_SECOND] = None
            return
        frame.metadata[STT_SECOND] = self._got_s
        self._got_s += frame_secs(frame)

    async def _connected(self, *_: Any) -> None:
        self._connections += 1


def _stt_before(processor: FrameProcessor) -> STTService | None:
    before = processor.previous
    while before:
        found = [p for p in _all_of(before) if isinstance(p, STTService)]
        if found:
            streams = len(found) == 1 and not isinstance(found[0], SegmentedSTTService)
            return found[0] if streams else None
        before = before.previous
    return None


def _all_of(processor: FrameProcessor) -> list[FrameProcessor]:
    return [processor, *(inner for part in processor.processors for inner in _all_of(part))]
