"""What a call leaves behind: its audio, its transcript, and the account of every turn."""

from antiphon.simulation.recording.assembly import assemble
from antiphon.simulation.recording.log import CallLog
from antiphon.simulation.recording.record import (
    AgentSpeech,
    BargeIn,
    CallerSpeech,
    CallRecord,
    Contribution,
    ToolCall,
    Turn,
    Waveform,
)
from antiphon.simulation.recording.recorder import (
    CallRecorder,
    transcript_lines,
    write_transcript,
)
from antiphon.simulation.recording.wav import AGENT, CALLER, StereoRecording
from antiphon.simulation.recording.words import Errors, word_errors

__all__ = [
    "AGENT",
    "CALLER",
    "AgentSpeech",
    "BargeIn",
    "CallLog",
    "CallRecord",
    "CallRecorder",
    "CallerSpeech",
    "Contribution",
    "Errors",
    "StereoRecording",
    "ToolCall",
    "Turn",
    "Waveform",
    "assemble",
    "transcript_lines",
    "word_errors",
    "write_transcript",
]
