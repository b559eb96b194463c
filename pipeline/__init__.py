"""Composing and running calls."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

# Imported on first use: the command must configure logging before Pipecat is imported.
_HOMES = {
    "CallWorker": "worker",
    "MissingVariable": "providers",
    "PROVIDERS": "providers",
    "Provider": "providers",
    "ServiceKind": "providers",
    "VoiceAgent": "agent",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
