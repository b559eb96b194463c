"""What the redactors of one call share: they find each other by the worker that runs them.

So a value has one placeholder in the whole call, whichever of them hides it, and the policy is
given to one of them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pipecat.processors.frame_processor import FrameProcessor

from antiphon.processors.redaction.core.vault import Vault

if TYPE_CHECKING:
    from pipecat.pipeline.worker import PipelineWorker

__all__ = ["processors_of", "vault_of"]

_vaults: WeakKeyDictionary["PipelineWorker", Vault] = WeakKeyDictionary()


def vault_of(worker: "PipelineWorker") -> Vault:
    """The vault of a call: that of the first who asks."""
    return _vaults.setdefault(worker, Vault())


def processors_of(pipeline: FrameProcessor) -> Iterator[FrameProcessor]:
    """Every processor in a pipeline, those of its branches too, in order."""
    for processor in pipeline.processors:
        yield processor
        yield from processors_of(processor)
