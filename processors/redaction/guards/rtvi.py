"""RTVI that tells a client what was said without personal data, whatever the model may read.

A client's screen is a record: of neither side does it show what is personal. Everything is redacted
on its way to the client; what is said in the call the observer has redacted before it comes here.
"""

from typing import Any

from pipecat.frames.frames import ErrorFrame, Frame, OutputTransportMessageUrgentFrame
from pipecat.processors.frame_processor import FrameDirection
from pipecat.processors.frameworks.rtvi import RTVIObserver, RTVIObserverParams, RTVIProcessor
from pydantic import BaseModel

from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.scrubbing import scrub
from antiphon.processors.redaction.core.values import redact_value
from antiphon.processors.redaction.frames import FOR_THE_CLIENT
from antiphon.processors.redaction.guards.errors import redacted_error
from antiphon.processors.redaction.guards.rtvi_observer import RedactingRTVIObserver

__all__ = ["RedactingRTVIProcessor"]

# Speech: the observer has redacted it, knowing what came before.
TOLD = frozenset(
    {
        "user-transcription",
        "user-input",
        "user-llm-text",
        "stt-raw-text",
        "bot-llm-text",
        "bot-transcription",
        "bot-output",
        "bot-tts-text",
        "llm-raw-text",
        "tts-raw-text",
    }
)
# Names, times and sound, which hold nothing of what was said.
SILENT = frozenset(
    {
        "bot-ready",
        "bot-tts-audio",
        "bot-audio-level",
        "user-audio-level",
        "llm-function-call-started",
        "metrics",
    }
)
# Of these only one field says anything; the others are what a client knows the call by.
SAYING = {
    "llm-function-call": "args",
    "llm-function-call-in-progress": "arguments",
    "llm-function-call-stopped": "result",
}
# Written by a program, and held to the rule for log lines.
WRITTEN = frozenset({"error", "error-response", "system-log"})


class RedactingRTVIProcessor(RTVIProcessor):
    """An `RTVIProcessor` that sends nothing personal, and whose observer tells of nothing personal.

    Messages of the application's own and errors are redacted too.

    Example::

        worker = PipelineWorker(pipeline, rtvi_processor=RedactingRTVIProcessor())
    """

    def __init__(self, *, language: str = "en", **kwargs: Any) -> None:
        """Create the processor.

        Args:
            language: The language spoken: "en", "es", "fr" or "de".
            **kwargs: Passed to `RTVIProcessor`.
        """
        super().__init__(**kwargs)
        self._pii_language = language
        self._redactor = Redactor(language=language)

    def create_rtvi_observer(
        self, *, params: RTVIObserverParams | None = None, **kwargs: Any
    ) -> RTVIObserver:
        """Create the observer.

        Args:
            params: Pipecat's settings of what is told.
            **kwargs: Passed to the observer.
        """
        kwargs.setdefault("language", self._pii_language)
        return RedactingRTVIObserver(self, params=params, **kwargs)

    async def push_transport_message(self, model: BaseModel, exclude_none: bool = True) -> None:
        """Send a message to the client: every one goes through here.

        Args:
            model: The message.
            exclude_none: Whether to leave out fields without a value.
        """
        message = model.model_dump(exclude_none=exclude_none)
        if "data" in message:
            message["data"] = self._redacted(message.get("type", ""), message["data"])
        frame = OutputTransportMessageUrgentFrame(message=message)
        # It passes every redactor, many times a second, and has nothing left to hide.
        frame.metadata[FOR_THE_CLIENT] = True
        await self.push_frame(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Redact an error before it is told and travels on.

        Args:
            frame: The frame to process.
            direction: The direction in which it travels.
        """
        if isinstance(frame, ErrorFrame):
            frame = redacted_error(frame, self._pii_language)
        await super().process_frame(frame, direction)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame; an error of this processor's own may quote a client's message.

        Args:
            frame: The frame to push.
            direction: Where to.
        """
        if isinstance(frame, ErrorFrame):
            frame = redacted_error(frame, self._pii_language)
        await super().push_frame(frame, direction)

    def _redacted(self, kind: str, data: Any) -> Any:
        if kind in TOLD or kind in SILENT:
            return data
        if kind in WRITTEN:
            return {k: self._scrubbed(v) for k, v in data.items()}
        if field := SAYING.get(kind):
            return {
                k: redact_value(self._redactor, v) if k == field else v for k, v in data.items()
            }
        return redact_value(self._redactor, data)

    def _scrubbed(self, value: Any) -> Any:
        return scrub(value, self._pii_language) if isinstance(value, str) else value
