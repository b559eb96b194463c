"""Deepgram speech to text on loopback: listen v1 (Nova) and listen v2 (Flux)."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from antiphon.simulation.vendors.faults import Cut, Fault
from antiphon.simulation.vendors.listening import (
    FluxSession,
    NovaSession,
    ScriptedTranscriber,
    Transcriber,
)
from antiphon.simulation.vendors.server import Connection, VendorServer, refusal

__all__ = ["DeepgramServer"]

_MODELS = ("nova", "enhanced", "base", "whisper")
_FLUX_MODELS = ("flux-general-en", "flux-general-multi")
# Deepgram closes a connection that brings neither audio nor KeepAlive for 10 s.
_SILENCE_SECS = 10.0

_STATUS_ERRORS = {
    401: ("INVALID_AUTH", "Invalid credentials."),
    402: ("ASR_PAYMENT_REQUIRED", "Project does not have enough credits."),
    403: ("INSUFFICIENT_PERMISSIONS", "User does not have sufficient permissions."),
    429: ("TOO_MANY_REQUESTS", "Too many requests. Please try again later."),
    500: ("INTERNAL_SERVER_ERROR", "Internal server error."),
    503: ("SERVICE_UNAVAILABLE", "Service temporarily unavailable."),
}


class DeepgramServer(VendorServer):
    """Answers the WebSockets at `/v1/listen` and `/v2/listen`.

        async with DeepgramServer(script=["what are your opening hours"]) as server:
            stt = DeepgramSTTService(base_url=server.url, api_key="any")
            flux = DeepgramFluxSTTService(url=server.flux_url, api_key="any")

    A connection hears one line of the script in each stretch of speech, from the first line on.
    """

    def __init__(
        self,
        *,
        script: Iterable[str] = (),
        transcriber: Callable[[], Transcriber] | None = None,
        tags: Iterable[str] = (),
        faults: Sequence[Fault] = (),
        api_key: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Describe the server.

        Args:
            script: What is heard; ignored if there is a transcriber.
            transcriber: Makes, for each connection, what hears the real audio.
            tags: The language that each stretch of speech is told to be in, right or wrong, where a
                multilingual model is asked for.
            faults: What goes wrong; a message is one WebSocket message.
            api_key: The one key that is accepted; by default any key is.
            host: The address to listen on.
            port: The port to listen on; 0 takes a free one.
        """
        super().__init__(faults=faults, api_key=api_key, host=host, port=port)
        lines = tuple(script)
        self._tags = tuple(tags)
        self._transcriber = transcriber or (lambda: ScriptedTranscriber(lines))

    @property
    def url(self) -> str:
        """The `base_url` of a Nova client."""
        return self._address("ws")

    @property
    def flux_url(self) -> str:
        """The `url` of a Flux client."""
        return f"{self._address('ws')}/v2/listen"

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/v1/listen", self._listen_v1)
        router.add_get("/v2/listen", self._listen_v2)

    def _error(self, status: int, headers: dict[str, str]) -> web.Response:
        code, message = _STATUS_ERRORS.get(status, ("ERROR", "The request failed."))
        return _refusal(status, code, message, headers)

    async def _listen_v1(self, request: web.Request) -> web.StreamResponse:
        admitted = await self._admit_listener(request, _MODELS)
        if isinstance(admitted, web.StreamResponse):
            return admitted
        connection, query = admitted
        session = NovaSession(
            self._transcriber(),
            model=query["model"],
            sample_rate_hz=int(query["sample_rate"]),
            interim_results=query.get("interim_results") == "true",
            vad_events=query.get("vad_events") == "true",
            endpointing_secs=_millis(query.get("endpointing", "300")),
            utterance_end_secs=_millis(query.get("utterance_end_ms", "false")),
            request_id=connection.id,
            tags=self._tags if query.get("language") == "multi" else (),
        )
        try:
            await self._serve_v1(connection, session)
        except TimeoutError:
            await connection.close(
                1011,
                "Deepgram did not receive audio data or a text message within the timeout window. "
                "See https://dpgr.am/net0001",
            )
        except Cut:
            pass
        return connection.ws

    async def _serve_v1(self, connection: Connection, session: NovaSession) -> None:
        while (data := await connection.receive(within=_SILENCE_SECS)) is not None:
            if isinstance(data, bytes):
                if len(data) % 2:
                    await connection.close(1008, "DATA-0000: The payload is not linear16 audio.")
                    return
                for message in await asyncio.to_thread(session.hear, data):
                    await connection.send(message)
                continue
            command = connection.parse(data)
            match (command or {}).get("type"):
                case "KeepAlive":
                    pass
                case "Finalize":
                    for message in await asyncio.to_thread(session.finalize):
                        await connection.send(message)
                case "CloseStream":
                    for message in await asyncio.to_thread(session.close):
                        await connection.send(message)
                    await connection.close()
                    return
                case _:
                    await connection.send(
                        {
                            "type": "Error",
                            "variant": "SchemaError",
                            "description": "Could not deserialize last text message.",
                            "message": "Expected KeepAlive, Finalize or CloseStream.",
                        }
                    )

    async def _listen_v2(self, request: web.Request) -> web.StreamResponse:
        admitted = await self._admit_listener(request, _FLUX_MODELS)
        if isinstance(admitted, web.StreamResponse):
            return admitted
        connection, query = admitted
        session = FluxSession(
            self._transcriber(),
            sample_rate_hz=int(query["sample_rate"]),
            eager="eager_eot_threshold" in query,
            request_id=connection.id,
            tags=self._tags if query["model"] == "flux-general-multi" else (),
        )
        with contextlib.suppress(Cut):
            await self._serve_v2(connection, session)
        return connection.ws

    async def _serve_v2(self, connection: Connection, session: FluxSession) -> None:
        sequence = 0

        async def send(message: dict[str, Any]) -> None:
            nonlocal sequence
            await connection.send(message | {"sequence_id": sequence})
            sequence += 1

        await send({"type": "Connected", "request_id": connection.id})
        while (data := await connection.receive()) is not None:
            if isinstance(data, bytes):
                for message in await asyncio.to_thread(session.hear, data):
                    await send(message)
                continue
            command = connection.parse(data) or {}
            match command.get("type"):
                case "CloseStream":
                    await connection.close()
                    return
                case "ForceEndTurn":
                    for message in await asyncio.to_thread(session.force_end):
                        await send(message)
                case "Configure":
                    thresholds = command.get("thresholds") or {}
                    session.eager = session.eager or "eager_eot_threshold" in thresholds
                    await send(
                        {
                            "type": "ConfigureSuccess",
                            "request_id": connection.id,
                            "thresholds": thresholds,
                            "keyterms": command.get("keyterms", []),
                        }
                    )
                case _:
                    await send(
                        {
                            "type": "Error",
                            "code": "UNPARSABLE_CLIENT_MESSAGE",
                            "description": "The message is none of CloseStream, Configure and "
                            "ForceEndTurn.",
                        }
                    )
                    await connection.close(1008)
                    return

    async def _admit_listener(
        self, request: web.Request, models: tuple[str, ...]
    ) -> web.StreamResponse | tuple[Connection, dict[str, str]]:
        """Check a handshake as the vendor would, and open the WebSocket."""
        faults, answer = await self._admit()
        if answer:
            return answer
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or not self._accepts(key):
            return self._error(401, {})
        query = dict(request.query)
        if problem := _problem(query, models):
            return _refusal(400, "Bad Request", f"Bad Request: {problem}", {})
        self.requests.append(query)
        return await self._open(request, faults), query


def _problem(query: Mapping[str, str], models: tuple[str, ...]) -> str | None:
    """Find what is wrong with a query; the emulator hears linear16 only."""
    model = query.get("model", "")
    if not model.startswith(models):
        return f"No such model/language/tier combination found: {model!r}."
    if query.get("encoding") != "linear16":
        return f"encoding must be linear16 here, not {query.get('encoding')!r}."
    rate = query.get("sample_rate", "")
    if not rate.isdigit() or not 8_000 <= int(rate) <= 48_000:
        return f"sample_rate must be 8000 to 48000, not {rate!r}."
    if query.get("channels", "1") != "1":
        return f"channels must be 1 here, not {query['channels']!r}."
    return None


def _millis(value: str) -> float | None:
    """Read a parameter that is milliseconds or "false"."""
    return int(value) / 1000 if value.isdigit() else None


def _refusal(status: int, code: str, message: str, headers: dict[str, str]) -> web.Response:
    body = {"err_code": code, "err_msg": message, "request_id": str(uuid.uuid4())}
    return refusal(status, body, {"dg-error": message, **headers})
