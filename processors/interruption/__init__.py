"""Barge-in: yields to a caller who means it, and keeps talking through "uh-huh"."""

from antiphon.core.frames import CUT_TEXT, HeardTextFrame
from antiphon.processors.interruption.decision import Decision, DecisionSettings
from antiphon.processors.interruption.gate import PlaybackGate
from antiphon.processors.interruption.interruption import Interruption
from antiphon.processors.interruption.settings import InterruptionSettings, PlaybackSettings
from antiphon.processors.interruption.strategy import InterruptionStrategy

__all__ = [
    "CUT_TEXT",
    "Decision",
    "DecisionSettings",
    "HeardTextFrame",
    "Interruption",
    "InterruptionSettings",
    "InterruptionStrategy",
    "PlaybackGate",
    "PlaybackSettings",
]
