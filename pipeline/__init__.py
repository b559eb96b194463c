"""Composing and running calls."""

from typing import TYPE_CHECKING

from antiphon.core import lazy

if TYPE_CHECKING:
    from antiphon.pipeline.agent import VoiceAgent
    from antiphon.pipeline.latency import LatencySettings
    from antiphon.pipeline.providers.registry import register_provider
    from antiphon.pipeline.providers.service import service
    from antiphon.pipeline.turns import TurnSettings
    from antiphon.pipeline.worker import CallWorker

__all__ = [
    "CallWorker",
    "LatencySettings",
    "TurnSettings",
    "VoiceAgent",
    "register_provider",
    "service",
]

# On first use: the command must configure logging before Pipecat is imported.
__getattr__, __dir__ = lazy.exports(
    __name__,
    {
        "agent": "VoiceAgent",
        "latency": "LatencySettings",
        "providers.registry": "register_provider",
        "providers.service": "service",
        "turns": "TurnSettings",
        "worker": "CallWorker",
    },
)
