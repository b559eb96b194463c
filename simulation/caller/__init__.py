"""A synthetic caller: what it says, when it says it, and with what voice."""

from antiphon.simulation.caller.caller import Caller, CallerListener, FarEnd, SpokenLine
from antiphon.simulation.caller.conditions import Network, Noise, NoiseKind
from antiphon.simulation.caller.follower import ScriptFollower
from antiphon.simulation.caller.script import (
    HangUp,
    Moment,
    Press,
    Say,
    Step,
    recorded_lines,
    replayed_call,
)
from antiphon.simulation.caller.voice import CALLER_VOICE, EspeakVoice, UnknownVoice, Voice

__all__ = [
    "CALLER_VOICE",
    "Caller",
    "CallerListener",
    "EspeakVoice",
    "FarEnd",
    "HangUp",
    "Moment",
    "Network",
    "Noise",
    "NoiseKind",
    "Press",
    "Say",
    "ScriptFollower",
    "SpokenLine",
    "Step",
    "UnknownVoice",
    "Voice",
    "recorded_lines",
    "replayed_call",
]
