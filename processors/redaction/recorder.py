"""A recording without what was redacted: on both tracks silence, or a tone, in its place.

Offers the events and methods of Pipecat's `AudioBufferProcessor`. Put it after the transport's
output. It lags: a word is known to be personal data only when its final transcript has come.
"""

import asyncio
from typing import Literal

from antiphon.processors.redaction.frames import PIIRedactedFrame
from antiphon.processors.redaction.recording import SLACK_S, Track
from antiphon.processors.safe_processor import SafeProcessor
from loguru import logger
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
    UserStartedSpeakingFrame,
    VADUserStartedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

__all__ = ["RedactingRecorder"]

# Word times of providers are this far off, either way.
PAD_S = 0.12
# A key's tone lasts 40 to 500 ms and its event comes at either end of it.
KEY_S = 0.6
# Speech begins this long before a VAD says so.
ONSET_S = 0.6


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
        self._wanted_rate = sample_rate
        self._channels = num_channels
        self._buffer_s = buffer_s
        self._tone = cover == "bleep"
        self._lag_s = lag_s
        self._consent = consent
        self._auto_start = auto_start_recording
        self._tracks: tuple[Track, Track] | None = None
        self._began_s = 0.0
        self._utterance: int | None = None
        self._last_utterance = 0
        self._bot_utterance = 0
        self._bot_covered = False
        self._keys_until = 0
        self._resamplers = (create_stream_resampler(), create_stream_resampler())
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
        return self._tracks[0].rate_hz if self._tracks else self._wanted_rate or 0

    async def give_consent(self) -> None:
        """The caller has agreed: recording may start, and does if it was to start by itself."""
        self._consent = True
        if self._auto_start:
            await self.start_recording()

    async def withdraw_consent(self) -> None:
        """The caller no longer agrees: what has not left is thrown away."""
        self._consent = False
        self._tracks = None

    async def start_recording(self) -> None:
        """Start from nothing; does nothing without consent or while recording."""
        if self._tracks or not self._consent:
            return
        rate = self._wanted_rate or self.processor_setup.audio_out_sample_rate
        self._tracks = (Track(rate), Track(rate))
        self._began_s = asyncio.get_running_loop().time()
        self._utterance = None
        self._last_utterance = self._bot_utterance = self._keys_until = 0
        await self._call_event_handler("on_recording_started")

    async def stop_recording(self) -> None:
        """Hand out what is left; an utterance without its transcript is covered first."""
        if not self._tracks:
            return
        user, bot = self._tracks
        end = max(user.end, bot.end)
        if self._utterance is not None:
            self._cover(self._utterance, end)
        await self._hand_out(end)
        self._tracks = None
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
        if self._tracks:
            await self._record(frame, *self._tracks)
        await self.push_frame(frame, direction)

    async def _record(self, frame: Frame, user: Track, bot: Track) -> None:
        now = asyncio.get_running_loop().time() - self._began_s
        if isinstance(frame, InputAudioRawFrame):
            pcm = await self._resamplers[0].resample(frame.audio, frame.sample_rate, user.rate_hz)
            user.add(pcm, now)
            await self._keep_up(user, bot)
        elif isinstance(frame, OutputAudioRawFrame):
            pcm = await self._resamplers[1].resample(frame.audio, frame.sample_rate, bot.rate_hz)
            bot.add(pcm, now)
            if self._bot_covered:
                bot.silence(self._bot_utterance, bot.end, self._tone)
        elif isinstance(frame, UserStartedSpeakingFrame | VADUserStartedSpeakingFrame):
            if self._utterance is None:
                self._utterance = user.position(now - ONSET_S)
        elif isinstance(frame, PIIRedactedFrame):
            self._redacted(frame, user, bot)
        elif isinstance(frame, BotStartedSpeakingFrame):
            self._bot_utterance = bot.position(now - SLACK_S)
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._bot_covered = False

    def _redacted(self, frame: PIIRedactedFrame, user: Track, bot: Track) -> None:
        pad = user.position(PAD_S)
        if frame.agent:
            self._bot_covered = True
            self._cover(self._bot_utterance, max(user.end, bot.end))
        elif frame.keyed:
            around = user.position(KEY_S)
            self._cover(user.end - around, user.end)
            self._keys_until = user.end + around
        elif frame.spans_s:
            for start_s, end_s in frame.spans_s:
                self._cover(user.heard_at(start_s) - pad, user.heard_at(end_s) + pad)
        elif frame.counts:
            begin = self._utterance if self._utterance is not None else self._last_utterance
            self._cover(begin, user.end)
        if not frame.agent and not frame.keyed:
            self._last_utterance, self._utterance = user.end, None

    def _cover(self, start: int, end: int) -> None:
        for track in self._tracks or ():
            track.silence(start & ~1, end & ~1, self._tone)

    async def _keep_up(self, user: Track, bot: Track) -> None:
        """Cover what keys still sound, and hand out what is old enough."""
        if self._keys_until > user.left:
            self._cover(self._keys_until - user.position(KEY_S), min(user.end, self._keys_until))
        lag = user.position(self._lag_s)
        if self._utterance is not None and user.end - self._utterance > 3 * lag:
            logger.warning(f"{self}: no transcript in time; covering the utterance")
            self._cover(self._utterance, user.end)
            self._utterance = user.end
        until = user.end - lag
        if self._utterance is not None:
            until = min(until, self._utterance)
        if self._buffer_s and until - user.left >= user.position(self._buffer_s):
            await self._hand_out(until & ~1)

    async def _hand_out(self, until: int) -> None:
        if not self._tracks:
            return
        user, bot = self._tracks
        user.pad_to(until)
        bot.pad_to(until)
        left, right = user.take(until), bot.take(until)
        if not left:
            return
        both = (
            interleave_stereo_audio(left, right) if self._channels == 2 else mix_audio(left, right)
        )
        rate = user.rate_hz
        await self._call_event_handler("on_audio_data", both, rate, self._channels)
        await self._call_event_handler("on_track_audio_data", left, right, rate, self._channels)
