from typing import Any

import pytest

from antiphon.simulation.vendors.realtime.session import (
    RequestError,
    new_session,
    turn_detection,
    updated,
)

SESSION = new_session(session_id="sess_1", model="gpt-realtime", expires_at=0)


def update(changes: Any, *, spoke: bool = False) -> dict[str, Any]:
    return updated(SESSION, changes, spoke=spoke)


def listening(**changes: Any) -> dict[str, Any]:
    return {"type": "realtime", "audio": {"input": changes}}


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    after = update({"type": "realtime", "instructions": "Be brief."})
    assert after == SESSION | {"instructions": "Be brief."}
    after = update(listening(transcription={"model": "whisper-1"}))
    assert after["audio"]["input"]["turn_detection"] == turn_detection(SESSION)
    assert after["audio"]["output"] == SESSION["audio"]["output"]


def test_turn_detection_is_filled_up_with_its_defaults_or_off() -> None:
    after = update(listening(turn_detection={"type": "server_vad", "silence_duration_ms": 200}))
    assert turn_detection(after) == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    }
    after = update(listening(turn_detection={"type": "semantic_vad", "create_response": False}))
    assert turn_detection(after) == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": False,
        "interrupt_response": True,
    }
    assert turn_detection(update(listening(turn_detection=None))) is None


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        (None, "missing_required_parameter", "session"),
        ({"instructions": "Hi"}, "missing_required_parameter", "session.type"),
        ({"type": "transcription"}, "invalid_value", "session.type"),
        ({"type": "realtime", "voice": "ash"}, "unknown_parameter", "session.voice"),
        ({"type": "realtime", "model": "gpt-realtime-mini"}, "invalid_value", "session.model"),
        (
            {"type": "realtime", "output_modalities": ["audio", "text"]},
            "invalid_value",
            "session.output_modalities",
        ),
        (
            {"type": "realtime", "tools": [{"type": "function"}]},
            "missing_required_parameter",
            "session.tools[0].name",
        ),
        (listening(language="en"), "unknown_parameter", "session.audio.input.language"),
        (
            listening(format={"type": "audio/pcmu"}),
            "invalid_value",
            "session.audio.input.format",
        ),
        (
            listening(turn_detection={"type": "none"}),
            "invalid_value",
            "session.audio.input.turn_detection.type",
        ),
        (
            listening(turn_detection={"type": "server_vad", "eagerness": "low"}),
            "unknown_parameter",
            "session.audio.input.turn_detection.eagerness",
        ),
        (
            listening(turn_detection={"type": "server_vad", "silence_duration_ms": -1}),
            "invalid_value",
            "session.audio.input.turn_detection.silence_duration_ms",
        ),
        (
            listening(turn_detection={"type": "server_vad", "threshold": 3}),
            "decimal_above_max_value",
            "session.audio.input.turn_detection.threshold",
        ),
    ],
)
def test_what_the_vendor_refuses_is_refused_by_name(changes: Any, code: str, param: str) -> None:
    with pytest.raises(RequestError) as refused:
        update(changes)
    assert (refused.value.code, refused.value.param) == (code, param)


def test_the_voice_stays_once_the_model_has_spoken() -> None:
    change = {"type": "realtime", "audio": {"output": {"voice": "ash"}}}
    assert update(change)["audio"]["output"]["voice"] == "ash"
    with pytest.raises(RequestError, match="assistant audio is present"):
        update(change, spoke=True)
