"""One line of JSON a turn: for logs, and for whoever draws a picture of a call."""

import json
from collections.abc import Callable
from typing import Any

from loguru import logger

from antiphon.processors.latency.core.turn_latency import TurnLatency
from antiphon.processors.latency.observer import LatencyObserver

__all__ = ["log_turns", "turn_record"]


def turn_record(turn: TurnLatency, *, call_id: str) -> dict[str, Any]:
    """Return a turn, fit for JSON; seconds to the tenth of a millisecond, and no speech.

    Args:
        turn: The turn.
        call_id: What the call is called.
    """
    return {
        "call_id": call_id,
        "turn": turn.number,
        "kind": str(turn.kind),
        "transport": turn.transport,
        **({"node": turn.node} if turn.node else {}),
        "ttfa": _rounded(turn.total_secs),
        "first_sound": _rounded(turn.first_sound_secs),
        "stages": [
            {
                "stage": stage.name,
                "start": _rounded(stage.start_secs),
                "secs": _rounded(stage.secs),
                "owner": stage.owner,
                "provider": stage.provider,
                "model": stage.model,
            }
            for stage in turn.stages
        ],
        "tools": [
            {
                "tool": tool.name,
                "start": _rounded(tool.start_secs),
                "secs": _rounded(tool.secs),
            }
            for tool in turn.tools
        ],
        "marks": {name: _rounded(secs) for name, secs in turn.marks.items()},
        "stamps": {name: _rounded(secs) for name, secs in turn.stamps.items()},
        "flags": list(turn.flags),
    }


def log_turns(observer: LatencyObserver, write: Callable[[str], object] = logger.info) -> None:
    """Write a line of JSON for each turn of a call.

    Args:
        observer: The call's observer.
        write: Where a line goes, such as a file's `write`; by default the log, at INFO.
    """

    def on_turn(_: LatencyObserver, turn: TurnLatency) -> None:
        write(json.dumps(turn_record(turn, call_id=observer.call_id), separators=(",", ":")))

    observer.add_event_handler("on_turn", on_turn)


def _rounded(secs: float | None) -> float | None:
    return None if secs is None else round(secs, 4)
