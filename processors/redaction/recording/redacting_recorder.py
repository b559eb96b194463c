"""A recording without what was redacted: on both tracks silence, or a tone, in its place.

Offers the events and methods of Pipecat's `AudioBufferProcessor`. Put it after the transport's
output, and a `PIIRedactor` after the STT. It lags: a word is known to be personal data only when
its final transcript has come.
"""

import asyncio
from typing import Literal

from loguru import logger
from pipecat.audio.resamplers.base_audio_resampler import BaseAudioResampler
from pipecat.audio.utils import create_stream_resampler, interleave_stereo_audio, mix_audio
from pipecat.frames.frames import (
    AudioBufferStartRecordingFrame,
    AudioBufferStopRecordingFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    OutputAudioRawFrame,
    StartFrame,
    UserMuteStartedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from antiphon.core.audio import frame_secs
from antiphon.processors.redaction.frames import STT_SECOND, PIIRedactedFrame
from antiphon.processors.redaction.recording.hearing import Hearing, Stretch
from antiphon.processors.redaction.recording.track import SLACK_S, Track
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["RedactingRecorder"]

# A key's tone lasts 40 to 500 ms and its event comes at either end of it.
KEY_S = 0.6
# The caller's audio leads; when it is silent for so long, the clock does.
UNHEARD_S = 1.0
# What a resampler is given at once, so that a long recording does not hold the event loop.
PIECE_BYTES = 640_000


class RedactingRecorder(SafeProcessor):
    """Records both sides and silences what was redacted.

    Events: on_audio_data, on_track_audio_data, on_recording_started and on_recording_stopped, with
    the arguments that `AudioBufferProcessor` gives them.

    Args:
        sample_rate: Samples per second; by default the pipeline's output rate.
        num_channels: 1 mixes both sides, 2 keeps the caller left and the agent right.
        buffer_s: Seconds of audio per event; 0 for one event at the end.
        cover: "silence" or "bleep".
        lag_s: Seconds for which audio is held, for its final transcript to arrive. An utterance
            whose transcript is not there by then is covered whole.
        consent: Whether the caller has agreed; without it nothing is recorded. See `give_consent`.
        auto_start_recording: Start with the pipeline.
    """

    hears_microphone = True

    def __init__(
        self,
        *,
        sample_rate: int | None = None,
        num_channels: int = 1,
        buffer_s: float = 0.0,
        cover: Literal["silence", "bleep"] = "silence",
        lag_s: float = 10.0,
        consent: bool = False,
        auto_start_recording: bool = False,
    ) -> None:
        super().__init__()
        if num_channels not in (1, 2):
            raise ValueError(f"num_channels is {num_channels}; it must be 1 or 2")
        if cover not in ("silence", "bleep"):
            raise ValueError(f"cover is {cover!r}; it must be 'silence' or 'bleep'")
        if not isinstance(consent, bool):
            raise ValueError(f"consent is {consent!r}; it must be True or False")
        if not lag_s >= 0:
            raise ValueError(f"lag_s is {lag_s!r}; it must be 0 or more seconds")
        self._wanted_rate = sample_rate
        self._channels = num_channels
        self._buffer_s = buffer_s
        self._tone = cover == "bleep"
        self._lag_s = lag_s
        self._consent = consent
        self._auto_start = auto_start_recording
        self._rate = sample_rate or 0
        self._tracks: tuple[Track, Track] | None = None
        self._outlets: tuple[_Outlet, _Outlet] | None = None
        self._began_s = 0.0
        # Kept up whether or not it records: consent may come in the middle of anything.
        self._hearing = Hearing(lag_s=lag_s)
        self._bot_since_s = 0.0
        self._bot_covered = False
        self._keyed_until_s = 0.0
        for event in ("on_audio_data", "on_track_audio_data"):
            self._register_event_handler(event, sync=True)
        self._register_event_handler("on_recording_started")
        self._register_event_handler("on_recording_stopped")

    @property
    def num_channels(self) -> int:
        """Channels of `on_audio_data`."""
        return self._channels

    @property
    def sample_rate(self) -> int:
        """Samples per second of what is recorded; 0 before it has started."""
        return self._rate

    async def give_consent(self) -> None:
        """The caller has agreed: recording may start, and does if it was to start by itself."""
        self._consent = True
        if self._auto_start:
            await self.start_recording()

    async def withdraw_consent(self) -> None:
        """The caller no longer agrees: what has not left is thrown away."""
        self._consent = False
        self._tracks = self._outlets = None

    async def start_recording(self) -> None:
        """Start from nothing; does nothing without consent or while recording."""
        if self._tracks or not self._consent:
            return
        setup = self.processor_setup
        self._rate = self._wanted_rate or setup.audio_out_sample_rate
        self._tracks = (
            Track(setup.audio_in_sample_rate, heard_s=self._hearing.heard_s),
            Track(setup.audio_out_sample_rate),
        )
        self._outlets = (_Outlet(self._rate), _Outlet(self._rate))
        self._began_s = asyncio.get_running_loop().time()
        await self._call_event_handler("on_recording_started")

    async def stop_recording(self) -> None:
        """Hand out what is left; an utterance without its transcript is covered first."""
        if not self._tracks:
            return
        end_s = max(track.end_s for track in self._tracks)
        waiting_s = self._hearing.waiting_from_s
        if waiting_s is not None:
            self._cover(self._tracks[0].placed(waiting_s), end_s)
        await self._hand_out(end_s, last=True)
        self._tracks = self._outlets = None
        await self._call_event_handler("on_recording_stopped")

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Start with the pipeline if told so, stop with it."""
        if isinstance(frame, StartFrame) and self._auto_start:
            await self.start_recording()
        elif isinstance(frame, EndFrame | CancelFrame):
            await self.stop_recording()

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Record audio, note who speaks, cover what was redacted; everything passes."""
        if isinstance(frame, AudioBufferStartRecordingFrame):
            await self.start_recording()
        elif isinstance(frame, AudioBufferStopRecordingFrame):
            await self.stop_recording()
        if isinstance(frame, InputAudioRawFrame | OutputAudioRawFrame):
            await self._audio(frame)
        else:
            self._note(frame)
        await self.push_frame(frame, direction)

    async def _audio(self, frame: InputAudioRawFrame | OutputAudioRawFrame) -> None:
        clock_s = asyncio.get_running_loop().time()
        if isinstance(frame, InputAudioRawFrame):
            self._hearing.audio(frame_secs(frame), clock_s, frame.metadata.get(STT_SECOND))
        overdue = self._hearing.overdue()
        if not self._tracks:
            return
        user, bot = self._tracks
        now_s = clock_s - self._began_s
        if isinstance(frame, InputAudioRawFrame):
            user.add(frame.audio, frame.sample_rate, now_s)
        else:
            bot.add(frame.audio, frame.sample_rate, now_s)
            if self._bot_covered:
                bot.silence(self._bot_since_s - self._began_s, bot.end_s, self._tone)
        if overdue:
            logger.warning(f"{self}: no transcript in time; covering the utterance")
        keyed_s = self._keyed_until_s
        if keyed_s > user.heard_s - KEY_S:
            overdue.append((keyed_s - KEY_S, min(keyed_s, user.heard_s)))
        self._cover_heard(overdue)
        until_s = max(user.end_s, now_s - UNHEARD_S) - self._lag_s
        waiting_s = self._hearing.waiting_from_s
        if waiting_s is not None:
            until_s = min(until_s, user.placed(waiting_s))
        if self._buffer_s and until_s - user.left_s >= self._buffer_s:
            await self._hand_out(until_s)

    def _note(self, frame: Frame) -> None:
        now_s = asyncio.get_running_loop().time()
        match frame:
            case VADUserStartedSpeakingFrame():
                self._hearing.started(now_s, vad_s=frame.start_secs)
            case VADUserStoppedSpeakingFrame():
                self._hearing.stopped(vad_s=frame.stop_secs)
            case UserStartedSpeakingFrame():
                self._hearing.started(now_s)
            case UserStoppedSpeakingFrame():
                self._hearing.stopped()
            case UserMuteStartedFrame():
                self._hearing.withheld()
            case BotStartedSpeakingFrame():
                self._bot_since_s = now_s - SLACK_S
            case BotStoppedSpeakingFrame():
                self._bot_covered = False
            case PIIRedactedFrame():
                self._redacted(frame)

    def _redacted(self, frame: PIIRedactedFrame) -> None:
        heard_s = self._hearing.heard_s
        if frame.agent:
            self._bot_covered = True
            if self._tracks:
                end_s = max(track.end_s for track in self._tracks)
                self._cover(self._bot_since_s - self._began_s, end_s)
        elif frame.keyed:
            self._cover_heard([(heard_s - KEY_S, heard_s)])
            self._keyed_until_s = heard_s + KEY_S
        else:
            words, whole = self._hearing.transcript(frame.spans_s, frame.words_s)
            if frame.counts or frame.spans_s or frame.unclear:
                self._cover_heard(words + whole)

    def _cover_heard(self, stretches: list[Stretch]) -> None:
        if self._tracks:
            user = self._tracks[0]
            for start_s, end_s in stretches:
                self._cover(user.placed(start_s), user.placed(end_s))

    def _cover(self, start_s: float, end_s: float) -> None:
        for track in self._tracks or ():
            track.silence(start_s, end_s, self._tone)

    async def _hand_out(self, until_s: float, *, last: bool = False) -> None:
        if not self._tracks or not self._outlets:
            return
        outlets = self._outlets
        for track, outlet in zip(self._tracks, outlets, strict=True):
            await outlet.add(track.take(until_s), track.rate_hz, last=last)
        size = min(len(outlet.ready) for outlet in outlets)
        # Consent may have been withdrawn meanwhile.
        if not size or self._outlets is not outlets:
            return
        left, right = (outlet.take(size) for outlet in outlets)
        both = (
            interleave_stereo_audio(left, right) if self._channels == 2 else mix_audio(left, right)
        )
        rate = self._rate
        await self._call_event_handler("on_audio_data", both, rate, self._channels)
        await self._call_event_handler("on_track_audio_data", left, right, rate, self._channels)


class _Outlet:
    """One track on its way out, at the rate of the recording; what is to be covered is covered."""

    def __init__(self, rate_hz: int) -> None:
        self.ready = bytearray()
        self._rate_hz = rate_hz
        self._resampler: BaseAudioResampler | None = None
        self._from_hz = 0

    async def add(self, pcm: bytes, rate_hz: int, *, last: bool) -> None:
        if rate_hz != self._from_hz:
            await self._flush()
            self._from_hz = rate_hz
            self._resampler = create_stream_resampler(clear_after_secs=None)
        assert self._resampler
        for start in range(0, len(pcm), PIECE_BYTES):
            piece = pcm[start : start + PIECE_BYTES]
            self.ready += await self._resampler.resample(piece, rate_hz, self._rate_hz)
            await asyncio.sleep(0)
        if last:
            await self._flush()

    def take(self, size: int) -> bytes:
        taken = bytes(self.ready[:size])
        del self.ready[:size]
        return taken

    async def _flush(self) -> None:
        if self._resampler:
            self.ready += await self._resampler.flush()
