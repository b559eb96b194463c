"""What a call leaves behind: its audio, its transcript, and the account of every turn."""

from antiphon.simulation.recording.record import CallRecord
from antiphon.simulation.recording.recorder import CallRecorder, transcript_lines
from antiphon.simulation.recording.wav import StereoRecording

__all__ = [
    "CallRecord",
    "CallRecorder",
    "StereoRecording",
    "transcript_lines",
]
