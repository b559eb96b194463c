"""A synthetic caller: what it says, when it says it, and with what voice."""

from antiphon.simulation.caller.caller import Caller
from antiphon.simulation.caller.conditions import Network, Noise
from antiphon.simulation.caller.script import HangUp, Press, Say, recorded_lines
from antiphon.simulation.caller.voice import EspeakVoice

__all__ = [
    "Caller",
    "EspeakVoice",
    "HangUp",
    "Network",
    "Noise",
    "Press",
    "Say",
    "recorded_lines",
]
