"""The settings of a Realtime session: defaults, updates, and what the vendor refuses.

No socket and no clock is in here.
"""

import copy
from collections.abc import Iterable
from typing import Any

__all__ = [
    "SAMPLE_RATE_HZ",
    "RequestError",
    "check_modalities",
    "check_tools",
    "new_session",
    "none_of",
    "turn_detection",
    "updated",
]

SAMPLE_RATE_HZ = 24_000
"""The one rate at which the API takes and gives PCM."""

_FORMAT = {"type": "audio/pcm", "rate": SAMPLE_RATE_HZ}
_SERVER_VAD = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
_SEMANTIC_VAD = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}
_DETECTIONS = {"server_vad": _SERVER_VAD, "semantic_vad": _SEMANTIC_VAD}
_SETTABLE = {
    "session": {
        *("type", "model", "output_modalities", "instructions", "audio", "tools", "tool_choice"),
        *("max_output_tokens", "tracing", "prompt", "include", "truncation", "reasoning"),
    },
    "session.audio": {"input", "output"},
    "session.audio.input": {"format", "transcription", "noise_reduction", "turn_detection"},
    "session.audio.output": {"format", "voice", "speed"},
}


class RequestError(Exception):
    """What a client event is answered with when it cannot be done."""

    def __init__(
        self, message: str, code: str | None = "invalid_value", param: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


def new_session(*, session_id: str, model: str, expires_at: int) -> dict[str, Any]:
    """Make a session as it is before its first update.

    Args:
        session_id: Its id.
        model: The model that the address asked for.
        expires_at: When it ends, in Unix seconds.

    Returns:
        The session as the API writes it.
    """
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": model,
        "expires_at": expires_at,
        "output_modalities": ["audio"],
        "instructions": "",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "prompt": None,
        "include": None,
        "truncation": "auto",
        "audio": {
            "input": {
                "format": dict(_FORMAT),
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": dict(_SERVER_VAD),
            },
            "output": {"format": dict(_FORMAT), "voice": "marin", "speed": 1.0},
        },
    }


def turn_detection(session: dict[str, Any]) -> dict[str, Any] | None:
    """Return how a session finds the caller's turns; None if the client commits them."""
    found: dict[str, Any] | None = session["audio"]["input"]["turn_detection"]
    return found


def updated(session: dict[str, Any], changes: Any, *, spoke: bool) -> dict[str, Any]:
    """Apply a `session.update`; what is not named stays.

    Args:
        session: The session so far.
        changes: The update's `session`.
        spoke: Whether the model has spoken, after which its voice stays.

    Returns:
        The new session.

    Raises:
        RequestError: If the vendor would refuse the update; nothing of it applies then.
    """
    if not isinstance(changes, dict):
        raise _missing("session")
    _check_keys("session", changes)
    if "type" not in changes:
        raise _missing("session.type")
    _check_value("session.type", changes["type"], ["realtime"])
    if changes.get("model") not in (None, session["model"]):
        raise RequestError("The model of a session cannot be changed.", param="session.model")
    check_modalities(changes.get("output_modalities"), "session.output_modalities")
    check_tools(changes.get("tools"), "session.tools")
    result = copy.deepcopy(session)
    audio = changes.get("audio") or {}
    _check_keys("session.audio", audio)
    for side in ("input", "output"):
        given = audio.get(side) or {}
        _check_keys(f"session.audio.{side}", given)
        _check_format(given.get("format"), f"session.audio.{side}.format")
        result["audio"][side] |= given
    if "turn_detection" in (given := audio.get("input") or {}):
        result["audio"]["input"]["turn_detection"] = _detection(given["turn_detection"])
    voice = (audio.get("output") or {}).get("voice")
    if spoke and voice not in (None, session["audio"]["output"]["voice"]):
        raise RequestError(
            "Cannot update a conversation's voice if assistant audio is present.",
            "cannot_update_voice",
        )
    result |= {key: value for key, value in changes.items() if key not in ("audio", "model")}
    return result


def check_modalities(given: Any, param: str) -> None:
    """Refuse what is neither `["audio"]` nor `["text"]`.

    Raises:
        RequestError: If it is neither.
    """
    if given not in (None, ["audio"], ["text"]):
        raise RequestError(
            f"Invalid modalities: {given}. Supported combinations are: ['text'] and ['audio'].",
            param=param,
        )


def check_tools(given: Any, param: str) -> None:
    """Refuse tools without a name.

    Raises:
        RequestError: If one has none.
    """
    for i, tool in enumerate(given or ()):
        if not isinstance(tool, dict) or "type" not in tool:
            raise _missing(f"{param}[{i}].type")
        if tool["type"] == "function" and not tool.get("name"):
            raise _missing(f"{param}[{i}].name")


def none_of(param: str, given: Any, allowed: Iterable[str]) -> RequestError:
    """Make the refusal of a value that is none of some.

    Args:
        param: Where it stands.
        given: The value.
        allowed: What it may be.
    """
    listed = ", ".join(repr(value) for value in allowed)
    return RequestError(f"Invalid value: {given!r}. Supported values are: {listed}.", param=param)


def _missing(param: str) -> RequestError:
    return RequestError(
        f"Missing required parameter: '{param}'.", "missing_required_parameter", param
    )


def _check_keys(path: str, given: Any) -> None:
    if not isinstance(given, dict):
        raise RequestError(f"Invalid type for '{path}': expected an object.", "invalid_type", path)
    for key in given:
        if key not in _SETTABLE[path]:
            param = f"{path}.{key}"
            raise RequestError(f"Unknown parameter: '{param}'.", "unknown_parameter", param)


def _check_value(param: str, given: Any, allowed: Iterable[str]) -> None:
    if given not in allowed:
        raise none_of(param, given, allowed)


def _check_format(given: Any, param: str) -> None:
    if given is not None and (given.get("type"), given.get("rate")) != ("audio/pcm", 24_000):
        raise RequestError(
            f"The emulator takes and gives audio/pcm at 24000 Hz only, not {given}.", param=param
        )


def _detection(given: Any) -> dict[str, Any] | None:
    """Fill a turn detection up with its defaults."""
    if given is None:
        return None
    param = "session.audio.input.turn_detection"
    if not isinstance(given, dict):
        raise RequestError(f"Invalid type for '{param}'.", "invalid_type", param)
    _check_value(f"{param}.type", given.get("type"), list(_DETECTIONS))
    defaults = _DETECTIONS[given["type"]]
    for key, value in given.items():
        if key not in defaults:
            raise RequestError(
                f"Unknown parameter: '{param}.{key}'.", "unknown_parameter", f"{param}.{key}"
            )
        if key.endswith("_ms") and value is not None and not (type(value) is int and value >= 0):
            raise RequestError(f"Invalid value: {value!r}.", param=f"{param}.{key}")
    filled = defaults | {key: value for key, value in given.items() if value is not None}
    if not 0.0 <= filled.get("threshold", 0.0) <= 1.0:
        raise RequestError(
            f"Invalid value: {filled['threshold']}. Expected 0.0 to 1.0.",
            "decimal_above_max_value",
            f"{param}.threshold",
        )
    return filled
