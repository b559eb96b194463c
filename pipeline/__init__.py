"""Composing and running calls."""

from typing import TYPE_CHECKING

from antiphon.core import lazy

if TYPE_CHECKING:
    from antiphon.pipeline.agent import VoiceAgent
    from antiphon.pipeline.latency import LatencySettings
    from antiphon.pipeline.providers import PROVIDERS, ServiceKind
    from antiphon.pipeline.turns import TurnSettings
    from antiphon.pipeline.worker import CallWorker

__all__ = [
    "PROVIDERS",
    "CallWorker",
    "LatencySettings",
    "ServiceKind",
    "TurnSettings",
    "VoiceAgent",
]

# On first use: the command must configure logging before Pipecat is imported.
__getattr__, __dir__ = lazy.exports(
    __name__,
    {
        "agent": "VoiceAgent",
        "latency": "LatencySettings",
        "providers": "PROVIDERS ServiceKind",
        "turns": "TurnSettings",
        "worker": "CallWorker",
    },
)
