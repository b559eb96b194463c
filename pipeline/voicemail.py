"""What an agent does when a voicemail box, or nobody, speaks in a call that it made."""

import asyncio
from collections.abc import Sequence

from loguru import logger
from pipecat.classifiers.llm.classifier import LLMClassifier
from pipecat.extensions.voicemail.voicemail_detector import TTSGate, VoicemailDetector
from pipecat.frames.frames import EndFrame, TTSSpeakFrame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.transports.base_transport import BaseTransport
from pipecat.utils.sync.event_notifier import EventNotifier

from antiphon.processors.latency import Apology, Filler

__all__ = ["Voicemail"]

# A person says hello within a second or two, and the box's greeting begins as soon.
SILENT_CALLEE_SECS = 4.0


class Voicemail:
    """Tells a box from a person, leaves a message in a box, and greets who says nothing.

    The agent's words are held until that is known. Pipecat's own gate is the detector's alone to
    open, and would be held for ever by a callee who is silent; so the gate here is another one of
    its kind.

    Parameters:
        detector: Stands behind the speech-to-text.
        gate: Stands behind the voice.
    """

    def __init__(self, llm: LLMService, *, message: str) -> None:
        """Create it, holding the agent's words.

        Args:
            llm: Judges.
            message: What a box is told before the call ends; empty to say nothing.
        """
        self._message = message
        self._person, self._box = EventNotifier(), EventNotifier()
        self.detector = VoicemailDetector(classifier=LLMClassifier(llm=llm))
        self.gate = TTSGate(self._person, self._box)
        self._fills: Sequence[Filler | Apology] = ()
        self._heard = False
        self._opening: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.detector.add_event_handler("on_conversation_detected", self._open)
        self.detector.add_event_handler("on_voicemail_detected", self._leave)

    @classmethod
    def of_call(cls, llm: FrameProcessor, message: str | None) -> "Voicemail | None":
        """Make it for a call, if it is wanted and the model can tell a box from a person.

        Args:
            llm: The call's.
            message: What a box is told; None to talk to a box as to a person.
        """
        if message is None or not isinstance(llm, LLMService):
            return None
        return cls(llm, message=message)

    def listen(
        self,
        transport: BaseTransport,
        user: LLMUserAggregator,
        fills: Sequence[Filler | Apology],
    ) -> None:
        """Learn when the call begins and that the callee speaks.

        Args:
            transport: Where the callee is.
            user: Knows when the callee's turn begins.
            fills: Speak to who waits; not while the agent's words are held.
        """
        self._fills = fills
        for fill in fills:
            fill.hold()
        transport.add_event_handler("on_client_connected", self._answered)
        user.add_event_handler("on_user_turn_started", self._spoke)

    async def _answered(self, *_: object) -> None:
        if not (self._heard or self._opening):
            loop = asyncio.get_running_loop()
            self._opening = loop.call_later(SILENT_CALLEE_SECS, self._nobody_speaks)

    async def _spoke(self, *_: object) -> None:
        self._heard = True

    def _nobody_speaks(self) -> None:
        # From its first sound on, the detector says within a second of silence what it was.
        if not self._heard:
            task = asyncio.ensure_future(self._open())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self, *_: object) -> None:
        await self._person.notify()
        for fill in self._fills:
            fill.unhold()

    async def _leave(self, detector: VoicemailDetector) -> None:
        logger.info("a voicemail box took the call")
        await self._box.notify()
        if self._message:
            # From the detector on: it lets nothing that is said pass any more.
            await detector.push_frame(TTSSpeakFrame(self._message))
        await detector.pipeline_worker.queue_frame(EndFrame())
