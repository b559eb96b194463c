"""The agent that a command is told to run, by name."""

import importlib
import sys
from typing import TYPE_CHECKING, Any, cast

from antiphon.pipeline.error_fields import why

if TYPE_CHECKING:
    from antiphon.pipeline.agent import VoiceAgent

__all__ = ["load_agent"]


def load_agent(target: str | None) -> "VoiceAgent":
    """Import an agent.

    Args:
        target: `module:name` of a `VoiceAgent`, also from the current folder; None for the embedded
            order desk.

    Raises:
        ValueError: If the module cannot be imported, whatever it raises, or `target` does not name
            a `VoiceAgent` in it.
    """
    from antiphon.pipeline.default_agent import order_desk

    if target is None:
        return order_desk()
    module, _, name = target.partition(":")
    if not (module and name) or module.startswith("."):
        raise ValueError(f"agent {target!r}: write it as module:name")
    sys.path.insert(0, "")
    try:
        agent: Any = getattr(importlib.import_module(module), name, None)
        # Anything that makes a worker will do.
        is_agent = hasattr(agent, "worker") and not isinstance(agent, type)
    except (Exception, SystemExit) as error:
        raise ValueError(f"agent {target!r}: {why(error)}") from None
    if not is_agent:
        raise ValueError(f"agent {target!r}: no such object in the module that is a VoiceAgent")
    return cast("VoiceAgent", agent)
