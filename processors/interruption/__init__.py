"""Barge-in: yields to a caller who means it, and keeps talking through "uh-huh"."""

from antiphon.processors.interruption.decision import (
    Action,
    AgentState,
    Decision,
    DecisionSettings,
    InterruptionDecider,
    Utterance,
)
from antiphon.processors.interruption.ledger import PlaybackLedger

__all__ = [
    "Action",
    "AgentState",
    "Decision",
    "DecisionSettings",
    "InterruptionDecider",
    "PlaybackLedger",
    "Utterance",
]
