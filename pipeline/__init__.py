"""Composing and running calls."""

from antiphon.pipeline.agent import VoiceAgent
from antiphon.pipeline.providers import PROVIDERS, MissingVariable, Provider, ServiceKind
from antiphon.pipeline.worker import CallWorker

__all__ = [
    "PROVIDERS",
    "CallWorker",
    "MissingVariable",
    "Provider",
    "ServiceKind",
    "VoiceAgent",
]
