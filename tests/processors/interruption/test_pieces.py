"""Which audio frames are played as one."""

import pytest
from pipecat.frames.frames import OutputAudioRawFrame, TTSAudioRawFrame

from antiphon.processors.interruption.pieces import bytes_of, like, milliseconds, same_kind


def speech(
    *, rate: int = 16000, channels: int = 1, context: str | None = "c", protected: bool = False
) -> TTSAudioRawFrame:
    frame = TTSAudioRawFrame(b"\x01\x00" * 320 * channels, rate, channels, context_id=context)
    frame.interruptible = not protected
    return frame


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (speech(), True),
        (speech(rate=8000), False),
        (speech(channels=2), False),
        (speech(context="d"), False),
        (speech(protected=True), False),
        (OutputAudioRawFrame(b"\x01\x00" * 320, 16000, 1), False),
    ],
)
def test_frames_are_played_as_one_if_all_but_their_audio_agrees(
    other: OutputAudioRawFrame, same: bool
) -> None:
    assert same_kind(speech(), other) is same
    assert same_kind(other, other)


@pytest.mark.parametrize("frame", [speech(channels=2, protected=True), speech(context="d")])
def test_a_piece_of_a_frame_is_of_its_kind(frame: TTSAudioRawFrame) -> None:
    piece = like(frame, frame.audio[: bytes_of(frame, 5)])
    assert same_kind(piece, frame)
    assert milliseconds(frame) == pytest.approx(20)
    assert milliseconds(piece) == pytest.approx(5)
