"""The agent that a command is told to run, by name."""

import importlib
import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from antiphon.pipeline.agent import VoiceAgent

__all__ = ["load_agent"]


def load_agent(target: str | None) -> "VoiceAgent":
    """Import an agent.

    Args:
        target: `module:name` of a `VoiceAgent`, also from the current folder; None for the embedded
            order desk.

    Raises:
        ImportError: If the module cannot be imported.
        ValueError: If `target` does not name a `VoiceAgent`.
    """
    from antiphon.pipeline.order_desk import order_desk

    if target is None:
        return order_desk()
    module, _, name = target.partition(":")
    if not name:
        raise ValueError(f"agent {target!r}: write it as module:name")
    sys.path.insert(0, "")
    agent: Any = getattr(importlib.import_module(module), name, None)
    # Anything that makes a worker will do.
    if not hasattr(agent, "worker"):
        raise ValueError(f"agent {target!r}: there is no VoiceAgent of that name in the module")
    return cast("VoiceAgent", agent)
