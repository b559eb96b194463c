"""RTVI that tells a client what was said as a `PIIRedactor` passes it on.

Pipecat's observer tells of a frame when it is first pushed: by the STT or the LLM, unredacted.
Ignoring those (`RTVIObserverParams.ignored_sources`) keeps personal data in, and captions with it:
a redactor passes on the frame in which it finds nothing, which is then not pushed first.
"""

from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

from antiphon.processors.redaction.check import source_of
from antiphon.processors.redaction.redactor import PIIRedactor
from pipecat.frames.frames import Frame
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frameworks.rtvi import RTVIObserver, RTVIObserverParams, RTVIProcessor

__all__ = ["RedactingRTVIObserver", "RedactingRTVIProcessor"]


class RedactingRTVIProcessor(RTVIProcessor):
    """An `RTVIProcessor` whose observer is a `RedactingRTVIObserver`.

    Example::

        worker = PipelineWorker(pipeline, rtvi_processor=RedactingRTVIProcessor())
    """

    def create_rtvi_observer(
        self, *, params: RTVIObserverParams | None = None, **kwargs: Any
    ) -> RTVIObserver:
        """Create the observer.

        Args:
            params: Pipecat's settings of what is told.
            **kwargs: Passed to the observer.
        """
        return RedactingRTVIObserver(self, params=params, **kwargs)


class RedactingRTVIObserver(RTVIObserver):
    """An `RTVIObserver` that waits with what an STT, an LLM or the keypad says for a redactor.

    What no redactor passes on is never told.
    """

    def __init__(
        self,
        rtvi: RTVIProcessor | None = None,
        *,
        params: RTVIObserverParams | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(rtvi, params=params, **kwargs)
        # Weak: a frame that the redactor replaced or dropped is forgotten with it.
        self._waiting: WeakValueDictionary[int, Frame] = WeakValueDictionary()

    async def on_push_frame(self, data: FramePushed) -> None:
        """Tell the client of a frame, if it may know it by now.

        Args:
            data: The push.
        """
        if data.first_push and source_of(type(data.source)):
            self._waiting[data.frame.id] = data.frame
            return
        if isinstance(data.source, PIIRedactor) and data.frame.id in self._waiting:
            del self._waiting[data.frame.id]
            data = replace(data, first_push=True)
        await super().on_push_frame(data)
