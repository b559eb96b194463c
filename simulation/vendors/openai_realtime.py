"""OpenAI's Realtime API on loopback: a model that hears and speaks over one WebSocket."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aiohttp import web

from antiphon.simulation.vendors.faults import FAULT_NAMES, Cut, Fault
from antiphon.simulation.vendors.listening import ScriptedTranscriber, Transcriber
from antiphon.simulation.vendors.openai import status_body
from antiphon.simulation.vendors.realtime.call import RealtimeCall
from antiphon.simulation.vendors.realtime.conversation import Conversation
from antiphon.simulation.vendors.realtime.response import Speech
from antiphon.simulation.vendors.replies import Replies, Reply, replies
from antiphon.simulation.vendors.server import Connection, VendorServer, refusal
from antiphon.simulation.vendors.voices import Babble, Voice

__all__ = ["OpenAIRealtimeServer"]

_MODEL_FAMILIES = ("gpt-realtime", "gpt-4o-realtime", "gpt-4o-mini-realtime")
_APPEND = "input_audio_buffer.append"
_SESSION_SECS = 3600.0


class OpenAIRealtimeServer(VendorServer):
    """Answers the WebSocket at `/v1/realtime`.

        async with OpenAIRealtimeServer(heard=["hello"], script=["Hi!"]) as server:
            llm = OpenAIRealtimeLLMService(base_url=server.url, api_key="any")

    Attributes:
        conversations: What the model knows, one for each connection, in order.
    """

    _FAULT_NAMES = FAULT_NAMES

    def __init__(
        self,
        *,
        script: Replies | None = None,
        heard: Iterable[str] = (),
        transcriber: Callable[[], Transcriber] | None = None,
        transcription_secs: float = 0.3,
        voice: Voice | None = None,
        rtf: float = 0.1,
        first_chunk_secs: float = 0.3,
        faults: Sequence[Fault] = (),
        api_key: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Describe the server.

        Args:
            script: One reply for each response, or a function of what chat completions would be
                sent (`messages`, `tools`): the same one answers for `OpenAIServer`. Past its end
                replies are empty. By default the caller is echoed.
            heard: What callers say: a connection hears one line in each stretch of speech, from
                the first line on; ignored if there is a transcriber.
            transcriber: Makes, for each connection, what hears the real audio.
            transcription_secs: Seconds from a turn's end to its transcript, if one is asked for.
            voice: What speaks; by default a babble in the time that the words would take.
            rtf: Real-time factor: seconds that a second of audio takes to arrive.
            first_chunk_secs: Seconds until the first audio of a response.
            faults: What goes wrong; a message is one server event.
            api_key: The one key that is accepted; by default any key is.
            host: The address to listen on.
            port: The port to listen on; 0 takes a free one.
        """
        super().__init__(faults=faults, api_key=api_key, host=host, port=port)
        lines = tuple(heard)
        self._transcriber = transcriber or (lambda: ScriptedTranscriber(lines))
        self._transcription_secs = transcription_secs
        self._script = replies(script)
        self._speech = Speech(voice=voice or Babble(), rtf=rtf, first_chunk_secs=first_chunk_secs)
        self.conversations: list[Conversation] = []

    @property
    def url(self) -> str:
        """The `base_url` of a client."""
        return f"{self._address('ws')}/v1/realtime"

    @property
    def believed(self) -> dict[str, str]:
        """What the model takes for said, by the id of its item, in the order of the conversation.

        Of its own audio it is what was sent, or what the client's truncation left of it.
        """
        return {
            item.id: item.believed
            for conversation in self.conversations
            for item in conversation.items
            if item.wire.get("role") == "assistant"
        }

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/v1/realtime", self._serve)

    def _error(self, status: int, headers: dict[str, str]) -> web.Response:
        return refusal(status, status_body(status), headers)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        faults, answer = await self._admit()
        if answer:
            return answer
        key = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if not self._accepts(key):
            return self._error(401, {})
        model = request.query.get("model", "")
        if not model.startswith(_MODEL_FAMILIES):
            return refusal(400, _no_model(model))
        connection = await self._open(request, faults)
        expiry = next((f.delay for f in faults if f.name == "session_expired"), _SESSION_SECS)
        call = RealtimeCall(
            connection.send,
            model=model,
            number=len(self.conversations) + 1,
            expires_at=int(time.time() + _SESSION_SECS),
            transcriber=self._transcriber(),
            transcription_secs=self._transcription_secs,
            speech=self._speech,
            next_reply=self._reply,
            faults=faults,
        )
        self.conversations.append(call.conversation)
        try:
            async with asyncio.timeout(expiry):
                await call.open()
                while (data := await connection.receive()) is not None:
                    text = data if isinstance(data, str) else ""
                    await call.take(connection.parse(text, unkept=_APPEND))
        except TimeoutError:
            await self._expire(connection, call)
        except Cut:
            pass
        finally:
            await call.close()
        return connection.ws

    async def _expire(self, connection: Connection, call: RealtimeCall) -> None:
        try:
            await call.expire()
        except Cut:
            return
        await connection.close(1001, "Your session hit the maximum duration of 60 minutes.")

    def _reply(self, asked: dict[str, Any]) -> Reply:
        self.requests.append(asked)
        return self._script(asked)


def _no_model(model: str) -> dict[str, Any]:
    message = f'Model "{model}" is only supported in the Realtime API under another name.'
    return {"error": {"message": message, "type": "invalid_request_error", "code": "invalid_model"}}
