"""OpenAI chat completions on loopback: streamed or not, text and tool calls, usage, errors."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from antiphon.simulation.frames import split_words
from antiphon.simulation.vendors.faults import Cut, Fault, Wire
from antiphon.simulation.vendors.replies import Replies, Reply, parts_of, replies
from antiphon.simulation.vendors.server import VendorServer, refusal

__all__ = ["OpenAIServer", "Reply", "status_body"]

_MODEL_FAMILIES = ("gpt-", "chatgpt-", "o1", "o3", "o4")
_ROLES = {"system", "developer", "user", "assistant", "tool"}
_CHARS_PER_TOKEN = 4  # OpenAI's own rule of thumb for English

_STATUS_ERRORS = {
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    429: ("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
    500: ("The server had an error while processing your request.", "server_error", None),
    503: ("The engine is currently overloaded, please try again later.", "server_error", None),
}


class OpenAIServer(VendorServer):
    """Answers `POST /v1/chat/completions`.

    async with OpenAIServer(script=["Hello!"]) as server:
        llm = OpenAILLMService(base_url=server.url, api_key="any")
    """

    def __init__(
        self,
        *,
        script: Replies | None = None,
        first_token_secs: float = 0.0,
        tokens_per_second: float = 200.0,
        faults: Sequence[Fault] = (),
        api_key: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Describe the server.

        Args:
            script: One reply for each request that is answered, or a function of the request's
                body; past its end replies are empty. By default the user is echoed.
            first_token_secs: Seconds until the first token.
            tokens_per_second: The pace of the stream.
            faults: What goes wrong; a message is one server-sent event.
            api_key: The one key that is accepted; by default any key is.
            host: The address to listen on.
            port: The port to listen on; 0 takes a free one.
        """
        super().__init__(faults=faults, api_key=api_key, host=host, port=port)
        self._next_reply = replies(script)
        self._first_token_secs = first_token_secs
        self._token_secs = 1 / tokens_per_second

    @property
    def url(self) -> str:
        """The `base_url` of a client."""
        return f"{self._address('http')}/v1"

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/v1/chat/completions", self._complete)

    def _error(self, status: int, headers: dict[str, str]) -> web.Response:
        return refusal(status, status_body(status), headers)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        faults, answer = await self._admit()
        if answer:
            return answer
        key = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if not self._accepts(key):
            return self._error(401, {})
        try:
            body = json.loads(await request.text())
        except ValueError:
            return _bad_request("We could not parse the JSON body of your request.")
        if problem := _problem(body):
            return problem
        self.requests.append(body)
        number = len(self.requests)
        reply = self._next_reply(body)
        await asyncio.sleep(self._first_token_secs)
        if body.get("stream"):
            return await self._stream(request, _chunks(body, reply, number), faults)
        return web.json_response(_completion(body, reply, number))

    async def _stream(
        self, request: web.Request, chunks: list[dict[str, Any]], faults: list[Fault]
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        await response.prepare(request)

        async def send(event: str) -> None:
            try:
                await response.write(f"data: {event}\n\n".encode())
            except ConnectionError:
                raise Cut from None

        async def close(_code: int) -> None:
            if request.transport:
                request.transport.abort()

        wire = Wire(faults, send, close)
        try:
            for chunk in chunks:
                await wire.send(json.dumps(chunk))
                await asyncio.sleep(self._token_secs)
            await wire.send("[DONE]")
            if wire.stalled:
                await asyncio.Event().wait()
            await response.write_eof()
        except Cut:
            pass
        return response


def status_body(status: int) -> dict[str, Any]:
    """Make OpenAI's error body for an HTTP status."""
    message, kind, code = _STATUS_ERRORS.get(status, ("The request failed.", "api_error", None))
    return _body(message, kind, code)


def _body(message: str, kind: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _bad_request(message: str, code: str | None = None, param: str | None = None) -> web.Response:
    return refusal(400, _body(message, "invalid_request_error", code, param))


def _problem(body: Any) -> web.Response | None:
    """Check a request as the vendor would."""
    if not isinstance(body, dict):
        return _bad_request("We could not parse the JSON body of your request.")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        return _bad_request("you must provide a model parameter")
    if not model.startswith(_MODEL_FAMILIES):
        message = f"The model `{model}` does not exist or you do not have access to it."
        return refusal(404, _body(message, "invalid_request_error", "model_not_found"))
    messages = body.get("messages")
    if messages is None:
        return _bad_request(
            "Missing required parameter: 'messages'.", "missing_required_parameter", "messages"
        )
    if not isinstance(messages, list) or not messages:
        return _bad_request(
            "Invalid 'messages': empty array. Expected an array with minimum length 1.",
            "empty_array",
            "messages",
        )
    called: set[str] = set()
    for i, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            return _bad_request(
                f"Invalid value: '{role}'. Supported values are: 'system', 'developer', "
                "'assistant', 'user', and 'tool'.",
                "invalid_value",
                f"messages[{i}].role",
            )
        called |= {call.get("id", "") for call in message.get("tool_calls") or ()}
        if role == "tool" and message.get("tool_call_id") not in called:
            return _bad_request(
                "Invalid parameter: messages with role 'tool' must be a response to a preceding "
                "message with 'tool_calls'.",
                None,
                f"messages[{i}].role",
            )
    for i, tool in enumerate(body.get("tools") or ()):
        if not (tool.get("function") or {}).get("name"):
            name = f"tools[{i}].function.name"
            return _bad_request(
                f"Missing required parameter: '{name}'.", "missing_required_parameter", name
            )
    return None


def _text(reply: Reply) -> str | None:
    """Return a reply's text; none beside tool calls is None."""
    texts = [part for part in parts_of(reply) if isinstance(part, str)]
    return None if _calls(reply) and not texts else " ".join(texts)


def _calls(reply: Reply, number: int = 0) -> list[dict[str, Any]]:
    """Write the tool calls of the reply to a request as the API does; none for a text."""
    each = [part for part in parts_of(reply) if isinstance(part, Mapping)]
    return [
        {
            "id": f"call_{number}_{i}_{call['tool']}",
            "type": "function",
            "function": {
                "name": call["tool"],
                "arguments": json.dumps(call.get("arguments", {})),
            },
        }
        for i, call in enumerate(each)
    ]


def _usage(body: dict[str, Any], reply: Reply) -> dict[str, int]:
    asked = len(json.dumps(body["messages"])) // _CHARS_PER_TOKEN + 1
    calls = _calls(reply)
    said = len((_text(reply) or "") + (json.dumps(calls) if calls else ""))
    answered = said // _CHARS_PER_TOKEN + 1
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
    }


def _completion(body: dict[str, Any], reply: Reply, number: int) -> dict[str, Any]:
    calls = _calls(reply, number)
    message: dict[str, Any] = {"role": "assistant", "content": _text(reply)}
    if calls:
        message["tool_calls"] = calls
    return {
        "id": "chatcmpl-emulated",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": "tool_calls" if calls else "stop",
                "logprobs": None,
            }
        ],
        "usage": _usage(body, reply),
    }


def _chunks(body: dict[str, Any], reply: Reply, number: int) -> list[dict[str, Any]]:
    """Write a reply as the stream's chunks, without the closing `[DONE]`."""
    calls = _calls(reply, number)
    text = _text(reply)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if text is None else ""}]
    deltas += [{"content": token} for token in split_words(text or "")]
    for i, call in enumerate(calls):
        name = {"name": call["function"]["name"], "arguments": ""}
        head = {"index": i, "id": call["id"], "type": "function", "function": name}
        deltas.append({"tool_calls": [head]})
        for part in split_words(call["function"]["arguments"], size=8):
            deltas.append({"tool_calls": [{"index": i, "function": {"arguments": part}}]})

    def chunk(choices: list[dict[str, Any]], usage: dict[str, int] | None) -> dict[str, Any]:
        return {
            "id": "chatcmpl-emulated",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": body["model"],
            "choices": choices,
            "usage": usage,
        }

    chunks = [
        chunk([{"index": 0, "delta": delta, "finish_reason": None}], None) for delta in deltas
    ]
    reason = "tool_calls" if calls else "stop"
    chunks.append(chunk([{"index": 0, "delta": {}, "finish_reason": reason}], None))
    if (body.get("stream_options") or {}).get("include_usage"):
        chunks.append(chunk([], _usage(body, reply)))
    return chunks
