"""The agent that a command is told to run, by name."""

import importlib
import sys
from typing import Any

from antiphon.pipeline.error_fields import why

__all__ = ["load_agent"]


def load_agent(target: str | None) -> Any:
    """Import an agent, or what makes one.

    Args:
        target: `module:name` of a `VoiceAgent`, of a class of one, or of a function that makes one
            for each call, also from the current folder; None for the embedded order desk.

    Returns:
        What `create_app` takes.

    Raises:
        ValueError: If the module cannot be imported, whatever it raises, or `target` names none of
            these in it.
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
        is_agent = hasattr(agent, "worker")
        if is_agent and isinstance(agent, type):
            agent = agent()
    except (Exception, SystemExit) as error:
        raise ValueError(f"agent {target!r}: {why(error)}") from None
    if not is_agent and (not callable(agent) or isinstance(agent, type)):
        raise ValueError(
            f"agent {target!r}: no such object in the module that is a VoiceAgent, "
            "or a function that makes one"
        )
    return agent
