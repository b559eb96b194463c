"""One connection to an emulated Realtime model: it takes client events and sends server events."""

import asyncio
import base64
import binascii
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from antiphon.simulation.frames import split_words
from antiphon.simulation.vendors.faults import Cut, Fault
from antiphon.simulation.vendors.listening import Transcriber
from antiphon.simulation.vendors.realtime.conversation import Conversation, Item, Tokens
from antiphon.simulation.vendors.realtime.hearing import Ear, Onset, Stretch
from antiphon.simulation.vendors.realtime.response import Response, Speech
from antiphon.simulation.vendors.realtime.session import (
    RequestError,
    check_modalities,
    check_tools,
    new_session,
    none_of,
    turn_detection,
    updated,
)
from antiphon.simulation.vendors.replies import Reply

__all__ = ["RealtimeCall"]

_CLIENT_EVENTS = (
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.truncate",
    "conversation.item.delete",
    "conversation.item.retrieve",
    "response.create",
    "response.cancel",
)
_TRUNCATION = ("item_id", "content_index", "audio_end_ms")
# What one response may be asked to have instead of the session's own.
_OF_A_RESPONSE = ("output_modalities", "instructions", "tools", "tool_choice", "max_output_tokens")
# Faults whose `after` counts responses.
_RESPONSE_FAULTS = ("response_failed", "response_empty", "stammer")


class RealtimeCall:
    """The session, its conversation, what it hears, and the response that is under way."""

    def __init__(
        self,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        *,
        model: str,
        number: int,
        expires_at: int,
        transcriber: Transcriber,
        transcription_secs: float,
        speech: Speech,
        next_reply: Callable[[dict[str, Any]], Reply],
        faults: list[Fault],
    ) -> None:
        """Begin a session.

        Args:
            send: Sends one server event.
            model: The model asked for.
            number: The connection's number, for ids that no other connection has.
            expires_at: When the session ends, in Unix seconds.
            transcriber: What hears.
            transcription_secs: Seconds from a turn's end to its transcript.
            speech: How the model speaks.
            next_reply: What it says to a conversation.
            faults: What goes wrong.
        """
        self._raw_send = send
        self._number = number
        self._counter = itertools.count(1)
        self._session = new_session(
            session_id=self._new_id("sess"), model=model, expires_at=expires_at
        )
        self.conversation = Conversation()
        self._ear = Ear(transcriber, turn_detection(self._session))
        self._transcription_secs = transcription_secs
        self._speech = speech
        self._next_reply = next_reply
        self._faults = faults
        self._turn_id = ""
        self._response: Response | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._transcribing: set[asyncio.Task[None]] = set()
        self._responses = 0
        self._turns = 0
        self._sent = 0
        self._cached = Tokens(text=0, audio=0)

    async def open(self) -> None:
        """Tell the client of its session."""
        await self._send("session.created", session=self._session)
        conversation = {"id": "conv_emulated", "object": "realtime.conversation"}
        await self._send("conversation.created", conversation=conversation)

    async def take(self, event: dict[str, Any] | None) -> None:
        """Take one client event; None is a message that is no JSON object."""
        try:
            await self._take(event or {})
        except RequestError as error:
            await self._refuse(error, (event or {}).get("event_id"))

    async def expire(self) -> None:
        """Tell the client that its session has ended."""
        message = "Your session hit the maximum duration of 60 minutes."
        await self._refuse(RequestError(message, "session_expired"), None)

    async def close(self) -> None:
        """End whatever is under way."""
        tasks = [*self._transcribing, *([self._speaking] if self._speaking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, event: dict[str, Any]) -> None:
        conversation = self.conversation
        match event.get("type"):
            case "session.update":
                spoke = any(item.words for item in conversation.items)
                self._session = updated(self._session, event.get("session"), spoke=spoke)
                self._ear.configure(turn_detection(self._session))
                await self._send("session.updated", session=self._session)
            case "input_audio_buffer.append":
                pcm = _pcm(event.get("audio"))
                for found in await asyncio.to_thread(self._ear.hear, pcm):
                    if isinstance(found, Onset):
                        await self._start_turn(found)
                    else:
                        await self._stop_turn(found)
            case "input_audio_buffer.commit":
                stretch = await asyncio.to_thread(self._ear.commit)
                await self._commit(stretch, self._turn_id or self._new_id("item"))
            case "input_audio_buffer.clear":
                await asyncio.to_thread(self._ear.clear)
                self._turn_id = ""
                await self._send("input_audio_buffer.cleared")
            case "conversation.item.create":
                wire = event.get("item")
                conversation.check(wire)
                await self._add(
                    Item(wire={"id": self._new_id("item"), **event["item"]}),
                    after=event.get("previous_item_id"),
                )
            case "conversation.item.truncate":
                place = {key: event.get(key) for key in _TRUNCATION}
                conversation.truncate(**place)
                await self._send("conversation.item.truncated", **place)
            case "conversation.item.delete":
                conversation.delete(event.get("item_id"))
                await self._send("conversation.item.deleted", item_id=event["item_id"])
            case "conversation.item.retrieve":
                item = conversation.find(event.get("item_id"), "item_retrieve_invalid_item_id")
                await self._send("conversation.item.retrieved", item=item.wire)
            case "response.create":
                self._respond(event.get("response") or {})
            case "response.cancel":
                if self._response is None:
                    raise RequestError(
                        "Cancellation failed: no active response found",
                        "response_cancel_not_active",
                    )
                await self._interrupt("client_cancelled")
            case other:
                raise none_of("type", other, _CLIENT_EVENTS)

    async def _start_turn(self, onset: Onset) -> None:
        self._turn_id = self._new_id("item")
        await self._send(
            "input_audio_buffer.speech_started",
            audio_start_ms=round(onset.at_secs * 1000),
            item_id=self._turn_id,
        )
        if self._response and (turn_detection(self._session) or {}).get("interrupt_response"):
            await self._interrupt("turn_detected")

    async def _stop_turn(self, stretch: Stretch) -> None:
        await self._send(
            "input_audio_buffer.speech_stopped",
            audio_end_ms=round(stretch.end_secs * 1000),
            item_id=self._turn_id,
        )
        await self._commit(stretch, self._turn_id)
        if (turn_detection(self._session) or {}).get("create_response"):
            self._respond({})

    async def _commit(self, stretch: Stretch, item_id: str) -> None:
        """Put a caller's turn into the conversation."""
        self._turn_id = ""
        items = self.conversation.items
        await self._send(
            "input_audio_buffer.committed",
            previous_item_id=items[-1].id if items else None,
            item_id=item_id,
        )
        content = {"type": "input_audio", "transcript": None}
        wire = {"id": item_id, "type": "message", "role": "user", "content": [content]}
        item = Item(wire=wire, audio_secs=stretch.audio_secs, text=stretch.text)
        await self._add(item)
        turn, self._turns = self._turns, self._turns + 1
        if self._session["audio"]["input"]["transcription"]:
            fails = any(f.name == "transcription_failed" and f.after == turn for f in self._faults)
            task = asyncio.create_task(_until_cut(self._transcribe(item, fails)))
            self._transcribing.add(task)
            task.add_done_callback(self._transcribing.discard)

    async def _add(self, item: Item, after: str | None = None) -> None:
        previous = self.conversation.add(item, after)
        item.wire |= {"object": "realtime.item", "status": "completed"}
        for event in ("conversation.item.added", "conversation.item.done"):
            await self._send(event, previous_item_id=previous, item=item.wire)

    async def _transcribe(self, item: Item, fails: bool) -> None:
        await asyncio.sleep(self._transcription_secs)
        kind = "conversation.item.input_audio_transcription"
        place = {"item_id": item.id, "content_index": 0}
        if fails:
            error = {
                "type": "server_error",
                "code": "transcription_failed",
                "message": "Input transcription failed for this item.",
                "param": None,
            }
            await self._send(f"{kind}.failed", **place, error=error)
            return
        for piece in split_words(item.text):
            await self._send(f"{kind}.delta", **place, delta=piece)
        item.wire["content"][0]["transcript"] = item.text
        usage = {"type": "duration", "seconds": round(item.audio_secs, 3)}
        await self._send(f"{kind}.completed", **place, transcript=item.text, usage=usage)

    def _respond(self, asked: dict[str, Any]) -> None:
        """Begin a response."""
        if self._response:
            raise RequestError(
                "Conversation already has an active response in progress: "
                f"{self._response.id}. Wait until the response is finished before creating a new "
                "one.",
                "conversation_already_has_active_response",
            )
        check_modalities(asked.get("output_modalities"), "response.output_modalities")
        check_tools(asked.get("tools"), "response.tools")
        for key, value in asked.items():
            if key not in (*_OF_A_RESPONSE, "audio", "metadata") and value != "auto":
                raise RequestError(
                    f"The emulator has no responses with {key!r}.", param=f"response.{key}"
                )
        given = {key: asked[key] for key in _OF_A_RESPONSE if asked.get(key) is not None}
        settings = self._session | given
        number, self._responses = self._responses, self._responses + 1
        response = Response(
            settings=settings,
            conversation=self.conversation,
            speech=self._speech,
            send=self._send,
            new_id=self._new_id,
            faults={
                fault.name: fault
                for fault in self._faults
                if fault.name in _RESPONSE_FAULTS and fault.after == number
            },
            cached=self._cached,
        )
        self._cached = response.input
        self._response = response
        reply = self._next_reply(
            {
                "model": settings["model"],
                "messages": [
                    {"role": "system", "content": settings["instructions"]},
                    *self.conversation.messages(),
                ],
                "tools": [
                    {"type": "function", "function": tool}
                    for tool in settings["tools"] or ()
                    if tool["type"] == "function"
                ],
            }
        )
        self._speaking = asyncio.create_task(_until_cut(self._run(response, reply)))

    async def _run(self, response: Response, reply: Reply) -> None:
        await response.run(reply)
        self._response = None

    async def _interrupt(self, reason: str) -> None:
        """Cancel the response that is under way."""
        assert self._response is not None
        assert self._speaking is not None
        response, self._response = self._response, None
        self._speaking.cancel()
        await asyncio.gather(self._speaking, return_exceptions=True)
        await response.finish(reason)

    async def _refuse(self, error: RequestError, event_id: str | None) -> None:
        await self._send(
            "error",
            error={
                "type": "invalid_request_error",
                "code": error.code,
                "message": str(error),
                "param": error.param,
                "event_id": event_id,
            },
        )

    async def _send(self, kind: str, **fields: Any) -> None:
        position, self._sent = self._sent, self._sent + 1
        if any(f.name == "server_error" and f.after == position for f in self._faults):
            error = {
                "type": "server_error",
                "code": None,
                "message": "The server had an error while processing your request.",
                "param": None,
                "event_id": None,
            }
            await self._raw_send(
                {"type": "error", "event_id": self._new_id("event"), "error": error}
            )
        await self._raw_send({"type": kind, "event_id": self._new_id("event"), **fields})

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}_{self._number}_{next(self._counter)}"


async def _until_cut(work: Coroutine[Any, Any, None]) -> None:
    """Do some work, at most until the connection closes."""
    with contextlib.suppress(Cut):
        await work


def _pcm(audio: Any) -> bytes:
    """Read what a client appends.

    Raises:
        RequestError: If it is no PCM in base64.
    """
    try:
        pcm = base64.b64decode(audio, validate=True)
    except (TypeError, ValueError, binascii.Error):
        pcm = b"\0"
    if len(pcm) % 2:
        raise RequestError(
            "Invalid 'audio'. Expected base64-encoded audio bytes in the session's format.",
            param="audio",
        )
    return pcm
