"""One response of an emulated Realtime model, from `response.created` to `response.done`."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from antiphon.core.audio import pcm_secs
from antiphon.simulation.frames import split_words
from antiphon.simulation.vendors.faults import Fault
from antiphon.simulation.vendors.realtime.conversation import (
    Conversation,
    Item,
    Tokens,
    count_text,
)
from antiphon.simulation.vendors.realtime.session import SAMPLE_RATE_HZ
from antiphon.simulation.vendors.replies import Reply, parts_of
from antiphon.simulation.vendors.voices import Voice

__all__ = ["Response", "Speech"]

Send = Callable[..., Awaitable[None]]

_CHUNK_SECS = 0.1


@dataclass(frozen=True, kw_only=True)
class Speech:
    """How a model speaks.

    Parameters:
        voice: What speaks.
        rtf: Seconds that a second of audio takes to arrive.
        first_chunk_secs: Seconds until the first sound or letter of a response.
    """

    voice: Voice
    rtf: float
    first_chunk_secs: float


class Response:
    """One response; `run` sends it, and `finish` ends it early after `run` was cancelled."""

    def __init__(
        self,
        *,
        settings: dict[str, Any],
        conversation: Conversation,
        speech: Speech,
        send: Send,
        new_id: Callable[[str], str],
        faults: Mapping[str, Fault],
        cached: Tokens,
    ) -> None:
        """Prepare a response.

        Args:
            settings: The session, with what the response itself was asked to have.
            conversation: What it answers, and what it is added to.
            speech: How it speaks.
            send: Sends a server event.
            new_id: Makes an id with a prefix.
            faults: What goes wrong in this response.
            cached: The input of the response before, which costs less the second time.
        """
        self.id = new_id("resp")
        self._settings = settings
        self._conversation = conversation
        self._speech = speech
        self._send = send
        self._new_id = new_id
        self._faults = faults
        self._cached = cached
        self._output: list[Item] = []
        self._said = Tokens(text=0, audio=0)
        self._is_done = False
        self.input = conversation.tokens(settings["instructions"], settings["tools"])
        self._is_audio = settings["output_modalities"] == ["audio"]

    async def run(self, reply: Reply) -> None:
        """Send the whole response at its pace."""
        await self._send("response.created", response=self._wire("in_progress"))
        limit = {"name": "tokens", "limit": 800_000, "remaining": 750_000, "reset_seconds": 0.0}
        await self._send("rate_limits.updated", rate_limits=[limit])
        await asyncio.sleep(self._speech.first_chunk_secs)
        if "response_failed" in self._faults:
            error = {
                "type": "requests",
                "code": "rate_limit_exceeded",
                "message": f"Rate limit reached for {self._settings['model']}.",
            }
            await self._done("failed", {"type": "failed", "error": error})
            return
        if "response_empty" not in self._faults:
            for part in parts_of(reply):
                if isinstance(part, Mapping):
                    await self._call(part)
                elif part:
                    await self._say(part)
        await self._done("completed")

    async def finish(self, reason: str) -> None:
        """End a response whose `run` was cancelled: `turn_detected` or `client_cancelled`."""
        if self._output and self._output[-1].wire["status"] == "in_progress":
            item = self._output[-1]
            if item.wire["type"] == "message":
                await self._end_content(item)
            await self._end_item(item, "incomplete")
        await self._done("cancelled", {"type": "cancelled", "reason": reason})

    async def _say(self, text: str) -> None:
        """Send a message item."""
        item = Item(wire={"type": "message", "role": "assistant", "content": []})
        if self._is_audio:
            spoken = await self._speech.voice.speak(text, sample_rate_hz=SAMPLE_RATE_HZ)
            item.words = spoken.words
            await self._begin_item(item)
            await self._begin_content(item, {"type": "output_audio", "transcript": ""})
            await self._play(item, spoken.pcm, split_words(text))
        else:
            await self._begin_item(item)
            await self._begin_content(item, {"type": "output_text", "text": ""})
            await self._write(item, split_words(text))
        await self._end_content(item)
        await self._end_item(item, "completed")

    async def _write(self, item: Item, pieces: list[str]) -> None:
        """Send text."""
        for piece in pieces:
            item.wire["content"][0]["text"] += piece
            self._said += count_text(piece)
            await self._send("response.output_text.delta", **self._place(item), delta=piece)

    async def _play(self, item: Item, pcm: bytes, pieces: list[str]) -> None:
        """Send audio at its pace, and its transcript a little ahead."""
        content = item.wire["content"][0]
        place = self._place(item)
        size = 2 * round(_CHUNK_SECS * SAMPLE_RATE_HZ)
        starts = range(0, len(pcm), size)
        told = 0
        for number, start in enumerate(starts):
            due = -(-len(pieces) * (number + 1) // len(starts))
            for piece in pieces[told:due]:
                self._said += count_text(piece)
                if not item.is_truncated:
                    content["transcript"] += piece
                await self._send("response.output_audio_transcript.delta", **place, delta=piece)
            told = due
            if number == len(starts) // 2 and (stammer := self._faults.get("stammer")):
                await asyncio.sleep(stammer.delay or 0.0)
            chunk = pcm[start : start + size]
            secs = pcm_secs(len(chunk), SAMPLE_RATE_HZ)
            if not item.is_truncated:
                item.audio_secs += secs
            data = base64.b64encode(chunk).decode()
            await self._send("response.output_audio.delta", **place, delta=data)
            await asyncio.sleep(secs * self._speech.rtf)

    async def _call(self, call: Mapping[str, Any]) -> None:
        """Send a function call item."""
        arguments = json.dumps(call.get("arguments", {}))
        wire = {"type": "function_call", "name": call["tool"], "arguments": ""}
        item = Item(wire=wire | {"call_id": self._new_id("call")})
        await self._begin_item(item)
        place = self._item_place() | {"item_id": item.id, "call_id": item.wire["call_id"]}
        for piece in split_words(arguments, size=8):
            await self._send("response.function_call_arguments.delta", **place, delta=piece)
        item.wire["arguments"] = arguments
        self._said += count_text(call["tool"] + arguments)
        await self._send(
            "response.function_call_arguments.done",
            **place,
            name=call["tool"],
            arguments=arguments,
        )
        await self._end_item(item, "completed")

    async def _begin_item(self, item: Item) -> None:
        item.wire |= {
            "id": self._new_id("item"),
            "object": "realtime.item",
            "status": "in_progress",
        }
        previous = self._conversation.add(item)
        self._output.append(item)
        await self._send("response.output_item.added", **self._item_place(), item=item.wire)
        await self._send("conversation.item.added", previous_item_id=previous, item=item.wire)

    async def _begin_content(self, item: Item, content: dict[str, Any]) -> None:
        item.wire["content"].append(content)
        await self._send("response.content_part.added", **self._place(item), part=_part(content))

    async def _end_content(self, item: Item) -> None:
        place = self._place(item)
        for content in item.wire["content"]:
            if self._is_audio:
                transcript = content["transcript"] or ""
                await self._send("response.output_audio.done", **place)
                await self._send(
                    "response.output_audio_transcript.done", **place, transcript=transcript
                )
            else:
                await self._send("response.output_text.done", **place, text=content["text"])
            await self._send("response.content_part.done", **place, part=_part(content))

    async def _end_item(self, item: Item, status: str) -> None:
        item.wire["status"] = status
        if item.wire.get("role") == "assistant" and self._is_audio:
            self._said += item.tokens
        await self._send(
            "conversation.item.done",
            previous_item_id=self._conversation.previous(item),
            item=item.wire,
        )
        await self._send("response.output_item.done", **self._item_place(), item=item.wire)

    async def _done(self, status: str, details: dict[str, Any] | None = None) -> None:
        if self._is_done:  # cancelled while its last event was on the way
            return
        self._is_done = True
        response = self._wire(status, details) | {"usage": self._usage()}
        await self._send("response.done", response=response)

    def _item_place(self) -> dict[str, Any]:
        return {"response_id": self.id, "output_index": len(self._output) - 1}

    def _place(self, item: Item) -> dict[str, Any]:
        return self._item_place() | {"item_id": item.id, "content_index": 0}

    def _wire(self, status: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write the response as the API does."""
        settings = self._settings
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [item.wire for item in self._output],
            "conversation_id": "conv_emulated",
            "output_modalities": settings["output_modalities"],
            "max_output_tokens": settings["max_output_tokens"],
            "audio": {"output": settings["audio"]["output"]},
            "usage": None,
            "metadata": None,
        }

    def _usage(self) -> dict[str, Any]:
        asked, said = self.input, self._said
        cached_text = min(asked.text, self._cached.text)
        cached_audio = min(asked.audio, self._cached.audio)
        return {
            "total_tokens": asked.text + asked.audio + said.text + said.audio,
            "input_tokens": asked.text + asked.audio,
            "output_tokens": said.text + said.audio,
            "input_token_details": {
                "text_tokens": asked.text,
                "audio_tokens": asked.audio,
                "image_tokens": 0,
                "cached_tokens": cached_text + cached_audio,
                "cached_tokens_details": {
                    "text_tokens": cached_text,
                    "audio_tokens": cached_audio,
                    "image_tokens": 0,
                },
            },
            "output_token_details": {"text_tokens": said.text, "audio_tokens": said.audio},
        }


def _part(content: dict[str, Any]) -> dict[str, Any]:
    """Write a content as the events about content parts do, which name its type otherwise."""
    return content | {"type": content["type"].removeprefix("output_")}
