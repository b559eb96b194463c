"""Barge-in: yields to a caller who means it, and keeps talking through "uh-huh"."""

from antiphon.processors.interruption.adaptive_vad import AdaptiveVAD, AmbientNoise
from antiphon.processors.interruption.decision import (
    Action,
    AgentState,
    Decider,
    Decision,
    DecisionSettings,
    InterruptionDecider,
    Utterance,
)
from antiphon.processors.interruption.frames import CUT_TEXT, HeardTextFrame
from antiphon.processors.interruption.gate import PlaybackGate
from antiphon.processors.interruption.interruption import Interruption
from antiphon.processors.interruption.ledger import PlaybackLedger
from antiphon.processors.interruption.settings import InterruptionSettings, PlaybackSettings
from antiphon.processors.interruption.strategy import InterruptionStrategy
from antiphon.processors.interruption.turns import (
    TurnEvent,
    TurnSnapshot,
    TurnState,
    TurnTracker,
)

__all__ = [
    "CUT_TEXT",
    "Action",
    "AdaptiveVAD",
    "AgentState",
    "AmbientNoise",
    "Decider",
    "Decision",
    "DecisionSettings",
    "HeardTextFrame",
    "Interruption",
    "InterruptionDecider",
    "InterruptionSettings",
    "InterruptionStrategy",
    "PlaybackGate",
    "PlaybackLedger",
    "PlaybackSettings",
    "TurnEvent",
    "TurnSnapshot",
    "TurnState",
    "TurnTracker",
    "Utterance",
]
