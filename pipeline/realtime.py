"""A call with a speech-to-speech model, which hears and speaks itself: one service for three.

What a cascade has between its services has no place here, and is refused. Who has the turn is
decided here all the same, where the model lets it: its own detection would cut the agent off for
an "uh-huh". What was heard of a reply that is cut is known here alone, and the model is told.
"""

import asyncio
import base64
import sys
import time
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMRunFrame,
    LLMSetToolsFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.core.pipecat_internals import Part, known
from antiphon.core.reaching_in import (
    begin_silently,
    current_item,
    decide_turns_here,
    forget_current_item,
    instruct,
    keep_preroll,
    trim_preroll,
    writes_down,
)
from antiphon.pipeline.errands import ErrandsForModel, to_say
from antiphon.processors.interruption import Decision, Interruption
from antiphon.processors.interruption.decision import Action
from antiphon.processors.interruption.model_speech import ModelSpeech
from antiphon.processors.interruption.pieces import milliseconds
from antiphon.processors.interruption.speech import SAID_BY
from antiphon.processors.interruption.spoken_items import HeardItem, SpokenItems

if TYPE_CHECKING:
    from antiphon.pipeline.agent import VoiceAgent

__all__ = ["ModelCall", "check_realtime"]

# What would do nothing, and why.
MEANINGLESS = {
    "stt": "it hears the caller itself",
    "llm": "it is the language model",
    "tts": "it speaks itself",
    "sentences": "its words reach no voice",
    "pronunciations": "its words reach no voice",
    "languages": "it follows the caller's language itself",
    "voices": "it has a voice of its own",
    "phrases": "it says everything in its own words",
    "summary": "it keeps the conversation itself",
    "voicemail": "it cannot be asked aside who took the call",
}

UNWRITTEN = (
    "realtime: this session writes down nothing that the caller says, so the context and the "
    "record have the agent alone, and 'stop' is ignored like 'uh-huh'. Ask for it: "
    "SessionProperties(audio=AudioConfiguration(input=AudioInput(transcription="
    "InputAudioTranscription())))"
)

# The API takes and gives sound at this rate alone.
RATE_HZ = 24_000

# Of an interruption that is decided late, as one of something that must be heard to its end.
LONGEST_ONSET_SECS = 6.0

# A voice begins so long, at the most, before the VAD takes it for one.
BEFORE_VOICE_SECS = 0.3

# By which two clocks may differ.
CLOCKS_MS = 50.0

# Of so many voices, at the most, a transcript is awaited: some get none.
MOST_UNTOLD = 16

_ITEM = "antiphon.item"


def check_realtime(agent: "VoiceAgent") -> None:
    """Refuse, beside a speech-to-speech model, what it would leave without effect.

    Args:
        agent: The agent.

    Raises:
        ValueError: If something was given that does nothing.
        TypeError: If no such model could be made.
    """
    given = agent.realtime
    if isinstance(given, str) or not (isinstance(given, FrameProcessor) or callable(given)):
        raise TypeError(
            f"realtime={given!r}: give a class or function that makes a speech-to-speech service, "
            "such as lambda: OpenAIRealtimeLLMService(api_key=…)"
        )
    for field in fields(agent):
        if field.name not in MEANINGLESS:
            continue
        value = getattr(agent, field.name)
        default = field.default if field.default is not MISSING else None
        if field.default_factory is not MISSING:
            default = field.default_factory()
        if value is not None and value != default:
            raise ValueError(
                f"{field.name}={value!r} means nothing beside realtime: "
                f"{MEANINGLESS[field.name]}. Leave it out"
            )


class ModelCall:
    """A speech-to-speech model in one call: its turns, its instructions, and what was heard of it.

    Parameters:
        speech: Stands behind the model.
        errands: Stands before the user aggregator.
        decides_turns: Whether the model's service finds the caller's turns, and has cut its own
            reply when it tells of one.
        begins_silently: Whether the model knows the conversation without having been asked to
            speak.
    """

    def __init__(
        self,
        service: FrameProcessor,
        *,
        context: LLMContext,
        instructions: str,
        greets: bool,
        interruption: Interruption | None,
    ) -> None:
        """Prepare the service for its call.

        Args:
            service: The model's, which has not been set up.
            context: The conversation.
            instructions: What the model is told, unless its service brings its own.
            greets: Whether the agent speaks first.
            interruption: Knows who has the turn, unless any voice interrupts.
        """
        self.speech = ModelSpeech()
        self.errands = ErrandsForModel(service)
        self._service = service
        self._context = context
        self._items = SpokenItems()
        self._last: Any = None
        self._said_by: dict[str, float] = {}
        self._voice_since: float | None = None
        self._turn_open = False
        self._sending: set[asyncio.Task[None]] = set()
        knows = known(Part.REALTIME)
        drives = knows and decide_turns_here(service)
        if knows and not writes_down(service):
            logger.warning(UNWRITTEN)
        if instructions and not (knows and instruct(service, instructions)):
            context.add_message({"role": "system", "content": instructions})
        recommended = service.service_metadata_frame().user_turn_strategies  # type: ignore[attr-defined]
        self.decides_turns = recommended is not None
        self.begins_silently = not greets and knows and begin_silently(service, context)
        if interruption:
            interruption.strategy.model_hears = True
            interruption.strategy.service_decides = self.decides_turns
            if knows:
                self._follow(interruption, drives=drives)

    def opening(self, greeting: str | None) -> Frame:
        """Make the frame with which the conversation begins.

        Args:
            greeting: What the agent says first, if anything.
        """
        if greeting:
            return to_say(greeting)
        # Of the context it has no frame to learn the tools' handlers from, until it has answered.
        return LLMSetToolsFrame(self._context.tools) if self.begins_silently else LLMRunFrame()

    def _follow(self, interruption: Interruption, *, drives: bool) -> None:
        """Tell the model's service what was heard of a reply that is cut, and what cut it."""
        gate = interruption.playback
        self._service.add_event_handler("on_before_push_frame", self._see_pushed)
        gate.add_event_handler("on_before_process_frame", self._see_at_gate)
        if drives:
            keep_preroll(self._service, LONGEST_ONSET_SECS)
            self._service.add_event_handler("on_before_process_frame", self._see_at_service)
            self._service.add_event_handler("on_conversation_item_created", self._see_item)
            interruption.strategy.add_event_handler("on_decision", self._decided)

    async def _see_pushed(self, _: FrameProcessor, frame: Frame) -> None:
        if isinstance(frame, TranscriptionFrame):
            # Its first words may interrupt, which empties each queue that it is in.
            frame.interruptible = False
            item_id = getattr(frame.result, "item_id", "")
            if (said_by := self._said_by.pop(item_id, None)) is not None:
                frame.metadata[SAID_BY] = said_by
        elif isinstance(frame, TTSAudioRawFrame) and (item := current_item(self._service)):
            self._last = item
            frame.metadata[_ITEM] = (item.item_id, item.content_index)

    async def _see_item(self, _: FrameProcessor, item_id: str, item: Any) -> None:
        if item.role == "user":
            self._said_by[item_id] = _now()
            if len(self._said_by) > MOST_UNTOLD:
                del self._said_by[next(iter(self._said_by))]

    async def _see_at_service(self, service: FrameProcessor, frame: Frame) -> None:
        match frame:
            case VADUserStartedSpeakingFrame() if self._voice_since is None:
                self._voice_since = _now() - frame.start_secs
            case UserStoppedSpeakingFrame():
                self._voice_since, self._turn_open = None, False
            case UserStartedSpeakingFrame():
                self._turn_open = True
            case VADUserStoppedSpeakingFrame() if self._voice_since and not self._turn_open:
                if writes_down(service):
                    await self._ask_for_words()
            case InterruptionFrame():
                # It would truncate by the clock, and hear the caller from some moment on.
                forget_current_item(service)
                self._last = None
                self._since_voice()
            case _:
                pass

    async def _ask_for_words(self) -> None:
        """Have what was said over the agent written down, to tell "stop" from "uh-huh".

        It becomes an item of the conversation by itself, which nobody answers.
        """
        audio = base64.b64encode(self._since_voice()).decode()
        self._voice_since = None
        send = self._service.send_client_event  # type: ignore[attr-defined]
        await send(_event(self._service, "InputAudioBufferClearEvent")())
        await send(_event(self._service, "InputAudioBufferAppendEvent")(audio=audio))
        await send(_event(self._service, "InputAudioBufferCommitEvent")())

    def _since_voice(self) -> bytes:
        """Drop of what the service keeps of the caller what came before the voice."""
        secs = 0.0 if self._voice_since is None else _now() - self._voice_since
        return trim_preroll(self._service, secs + BEFORE_VOICE_SECS, rate_hz=RATE_HZ)

    async def _decided(self, _: object, decision: Decision) -> None:
        if decision.action is Action.IGNORE:
            self._voice_since = None

    async def _see_at_gate(self, gate: Any, frame: Frame) -> None:
        if isinstance(frame, TTSAudioRawFrame) and (item := frame.metadata.get(_ITEM)):
            self._items.heard(gate.heard_ms)
            at_ms = gate.ledger.received_ms
            self._items.receive(*item, at_ms=at_ms, ms=milliseconds(frame))
        elif isinstance(frame, InterruptionFrame):
            # What is heard grows while somebody waits for a socket.
            for item in self._items.cut(gate.heard_ms):
                task = asyncio.ensure_future(self._truncate(item))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)

    async def _truncate(self, item: HeardItem) -> None:
        event = _event(self._service, "ConversationItemTruncateEvent")
        if event is None or self._truncated_shorter(item):
            return
        await self._service.send_client_event(  # type: ignore[attr-defined]
            event(
                item_id=item.item_id, content_index=item.content_index, audio_end_ms=item.heard_ms
            )
        )

    def _truncated_shorter(self, item: HeardItem) -> bool:
        """Whether the service, by the clock, has left less of an item than was heard.

        An error of the API ends the session, and more than is left of an item is one.
        """
        if self._last is None or self._last.item_id != item.item_id:
            return False
        by_clock_ms = time.time() * 1000 - self._last.start_time_ms
        sound_ms = self._last.total_size / (2 * RATE_HZ) * 1000
        return bool(item.heard_ms > min(by_clock_ms, sound_ms) - CLOCKS_MS)


def _event(service: FrameProcessor, name: str) -> Any:
    """An event of a service's API; None where it has none."""
    for cls in type(service).__mro__:
        events = getattr(sys.modules.get(cls.__module__), "events", None)
        if event := getattr(events, name, None):
            return event
    return None


def _now() -> float:
    return asyncio.get_running_loop().time()
