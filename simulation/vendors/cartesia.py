"""Cartesia text to speech on loopback: the WebSocket with contexts, chunks and word timestamps."""

import asyncio
import base64
import re
import uuid
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from antiphon.core.audio import pcm_secs
from antiphon.simulation.vendors.faults import Cut, Fault
from antiphon.simulation.vendors.server import Connection, VendorServer, refusal
from antiphon.simulation.vendors.voices import Babble, Voice

__all__ = ["CartesiaServer"]

_CHUNK_SECS = 0.1
_ENCODINGS = ("pcm_s16le", "pcm_mulaw", "pcm_alaw", "pcm_f32le")
_SAMPLE_RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")

_STATUS_ERRORS = {
    401: ("unauthorized", "Unauthorized", "The API key is missing or not valid."),
    402: ("quota_exceeded", "Quota exceeded", "You have run out of credits."),
    429: (
        "concurrency_limited",
        "Too many concurrent requests",
        "You have exceeded your plan's concurrency limit.",
    ),
    500: ("internal_error", "Internal server error", "Something went wrong on our side."),
    503: ("unavailable", "Service unavailable", "The service is temporarily unavailable."),
}


class CartesiaServer(VendorServer):
    """Answers the WebSocket at `/tts/websocket`.

    async with CartesiaServer() as server:
        tts = CartesiaTTSService(url=server.url, api_key="any", settings=…)
    """

    def __init__(
        self,
        *,
        voice: Voice | None = None,
        rtf: float = 0.1,
        first_chunk_secs: float = 0.0,
        faults: Sequence[Fault] = (),
        api_key: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Describe the server.

        Args:
            voice: What speaks; by default a babble in the time that the words would take.
            rtf: Real-time factor: seconds that a second of audio takes to arrive.
            first_chunk_secs: Seconds until the first audio of a transcript.
            faults: What goes wrong; a message is one WebSocket message.
            api_key: The one key that is accepted; by default any key is.
            host: The address to listen on.
            port: The port to listen on; 0 takes a free one.
        """
        super().__init__(faults=faults, api_key=api_key, host=host, port=port)
        self._voice = voice or Babble()
        self._rtf = rtf
        self._first_chunk_secs = first_chunk_secs
        self.transcripts: list[str] = []

    @property
    def url(self) -> str:
        """The `url` of a client."""
        return f"{self._address('ws')}/tts/websocket"

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/tts/websocket", self._serve)

    def _error(self, status: int, headers: dict[str, str]) -> web.Response:
        return refusal(status, _error_body(status), headers)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        faults, answer = await self._admit()
        if answer:
            return answer
        query = dict(request.query)
        if not self._accepts(request.headers.get("X-API-Key") or query.get("api_key")):
            return self._error(401, {})
        version = request.headers.get("Cartesia-Version") or query.get("cartesia_version", "")
        if not _VERSION.fullmatch(version):
            return refusal(400, _error_body(400, f"Invalid Cartesia-Version: {version!r}."))
        self.requests.append(query)
        connection = await self._open(request, faults)
        contexts: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        speaking: dict[str, asyncio.Task[None]] = {}
        try:
            while (message := await connection.receive()) is not None:
                await self._take(connection, message, contexts, speaking)
        except Cut:
            pass
        finally:
            for task in speaking.values():
                task.cancel()
            await asyncio.gather(*speaking.values(), return_exceptions=True)
        return connection.ws

    async def _take(
        self,
        connection: Connection,
        message: bytes | str,
        contexts: dict[str, asyncio.Queue[dict[str, Any]]],
        speaking: dict[str, asyncio.Task[None]],
    ) -> None:
        """Take one message of a client."""
        asked = connection.parse(message) if isinstance(message, str) else None
        context = str((asked or {}).get("context_id") or "")
        if asked is None:
            await connection.send(_error_event(400, "The message is not a JSON object.", context))
        elif asked.get("cancel"):
            if task := speaking.pop(context, None):
                task.cancel()
                contexts.pop(context, None)
                await connection.send(_done(context))
        elif problem := _problem(asked):
            await connection.send(_error_event(400, problem, context))
        else:
            if context not in contexts:
                contexts[context] = asyncio.Queue()
                speaking[context] = asyncio.create_task(
                    self._speak_context(connection, context, contexts[context])
                )
                speaking[context].add_done_callback(lambda _task: contexts.pop(context, None))
            contexts[context].put_nowait(asked)

    async def _speak_context(
        self, connection: Connection, context: str, inputs: asyncio.Queue[dict[str, Any]]
    ) -> None:
        """Speak the transcripts of one context, in order, until its last."""
        spoken_secs, flushes = 0.0, 0
        try:
            while True:
                asked = await inputs.get()
                if transcript := asked.get("transcript", ""):
                    self.transcripts.append(transcript)
                    spoken_secs += await self._speak(connection, asked, spoken_secs)
                if asked.get("flush") or (transcript and asked.get("max_buffer_delay_ms") == 0):
                    flushes += 1
                    await connection.send(
                        {
                            "type": "flush_done",
                            "done": False,
                            "flush_done": True,
                            "flush_id": flushes,
                            "status_code": 206,
                            "context_id": context,
                        }
                    )
                if not asked.get("continue", False):
                    await connection.send(_done(context))
                    return
        except Cut:
            return

    async def _speak(self, connection: Connection, asked: dict[str, Any], start: float) -> float:
        """Send one transcript's audio and words; returns its seconds."""
        rate = int(asked["output_format"]["sample_rate"])
        spoken = await self._voice.speak(asked["transcript"], sample_rate_hz=rate)
        await asyncio.sleep(self._first_chunk_secs)
        common = {"done": False, "status_code": 206, "context_id": asked["context_id"]}
        size = 2 * round(_CHUNK_SECS * rate)
        for begin in range(0, len(spoken.pcm), size):
            chunk = spoken.pcm[begin : begin + size]
            data = base64.b64encode(chunk).decode()
            await connection.send({"type": "chunk", "data": data, "step_time": 0.0, **common})
            if begin == 0 and asked.get("add_timestamps"):
                words = {
                    "words": [word.text for word in spoken.words],
                    "start": [start + word.start for word in spoken.words],
                    "end": [start + word.end for word in spoken.words],
                }
                await connection.send({"type": "timestamps", "word_timestamps": words, **common})
            await asyncio.sleep(pcm_secs(len(chunk), rate) * self._rtf)
        return pcm_secs(len(spoken.pcm), rate)


def _problem(asked: dict[str, Any]) -> str | None:
    """Check a generation request as the vendor would."""
    if not asked.get("context_id"):
        return "context_id is required."
    if not isinstance(asked.get("transcript"), str):
        return "transcript is required."
    if not str(asked.get("model_id", "")).startswith("sonic"):
        return f"Invalid model_id: {asked.get('model_id')!r}."
    voice = asked.get("voice")
    if not isinstance(voice, dict) or voice.get("mode") != "id" or not voice.get("id"):
        return f"Invalid voice: {voice!r}."
    output = asked.get("output_format") or {}
    if output.get("container") != "raw" or output.get("encoding") not in _ENCODINGS:
        return f"Invalid output_format: {output!r}."
    if output["encoding"] != "pcm_s16le":
        return f"The emulator speaks pcm_s16le only, not {output['encoding']}."
    if output.get("sample_rate") not in _SAMPLE_RATES:
        return f"Invalid sample_rate: {output.get('sample_rate')!r}."
    return None


def _error_body(status: int, message: str = "") -> dict[str, Any]:
    code, title, text = _STATUS_ERRORS.get(status, ("bad_request", "Bad request", ""))
    return {
        "error_code": code,
        "title": title,
        "message": message or text,
        "request_id": str(uuid.uuid4()),
    }


def _error_event(status: int, message: str, context: str) -> dict[str, Any]:
    return {
        "type": "error",
        "done": True,
        "status_code": status,
        "context_id": context,
        **_error_body(status, message),
    }


def _done(context: str) -> dict[str, Any]:
    return {"type": "done", "done": True, "status_code": 200, "context_id": context}
