"""What answers calls from the internet: admission, draining, health and the doors."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from antiphon.pipeline.server.app import DOORS, create_app
    from antiphon.pipeline.server.calls import Agent, Call, Calls, current_call
    from antiphon.pipeline.server.settings import ServerSettings

__all__ = ["DOORS", "Agent", "Call", "Calls", "ServerSettings", "create_app", "current_call"]

# Imported on first use: a supervisor of workers needs no Pipecat.
_HOMES = {
    "DOORS": "app",
    "Agent": "calls",
    "Call": "calls",
    "Calls": "calls",
    "ServerSettings": "settings",
    "create_app": "app",
    "current_call": "calls",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
