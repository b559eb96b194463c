"""Composing and running calls."""

from typing import TYPE_CHECKING

from antiphon.core import lazy

if TYPE_CHECKING:
    from antiphon.pipeline.agent import VoiceAgent
    from antiphon.pipeline.providers import PROVIDERS, ServiceKind
    from antiphon.pipeline.worker import CallWorker

__all__ = ["PROVIDERS", "CallWorker", "ServiceKind", "VoiceAgent"]

# On first use: the command must configure logging before Pipecat is imported.
__getattr__, __dir__ = lazy.exports(
    __name__,
    {"agent": "VoiceAgent", "providers": "PROVIDERS ServiceKind", "worker": "CallWorker"},
)
