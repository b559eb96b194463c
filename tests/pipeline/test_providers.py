"""Services by name: what is wrong is said with what to do about it."""

import pytest
from pipecat.processors.frame_processor import FrameProcessor
from pydantic import SecretStr

from antiphon.pipeline.providers import (
    PROVIDERS,
    MissingVariable,
    Provider,
    ServiceKind,
    create_service,
)
from antiphon.pipeline.settings import Settings

NO_SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("kind", list(ServiceKind))
def test_an_unknown_service_is_answered_with_the_names_there_are(kind: ServiceKind) -> None:
    with pytest.raises(ValueError, match=rf"unknown {kind} service 'bell': choose one of .*embedd"):
        create_service(kind, "bell")


@pytest.mark.parametrize(
    ("kind", "name", "variable"),
    [
        (ServiceKind.STT, "deepgram", "DEEPGRAM_API_KEY"),
        (ServiceKind.LLM, "openai", "OPENAI_API_KEY or OPENAI_BASE_URL"),
        (ServiceKind.TTS, "cartesia", "CARTESIA_API_KEY and CARTESIA_VOICE_ID"),
    ],
)
def test_a_missing_variable_is_named(kind: ServiceKind, name: str, variable: str) -> None:
    with pytest.raises(MissingVariable, match=f"needs {variable}: set it"):
        create_service(kind, name, settings=NO_SETTINGS)


def test_a_missing_extra_is_answered_with_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Provider(build=lambda *_: FrameProcessor(), extra="carrier", module="no_such_sdk")
    monkeypatch.setitem(PROVIDERS[ServiceKind.STT], "pigeon", absent)  # type: ignore[arg-type]
    with pytest.raises(ImportError, match=r"pip install 'antiphon\[carrier\]'"):
        create_service(ServiceKind.STT, "pigeon")


@pytest.mark.parametrize(
    ("kind", "name", "service"),
    [
        (ServiceKind.STT, "embedded", "PocketSphinxSTTService"),
        (ServiceKind.STT, "deepgram", "DeepgramSTTService"),
        (ServiceKind.LLM, "embedded", "ScriptedLLMService"),
        (ServiceKind.LLM, "openai", "OpenAILLMService"),
        (ServiceKind.TTS, "embedded", "EspeakTTSService"),
        (ServiceKind.TTS, "cartesia", "CartesiaTTSService"),
    ],
)
async def test_a_configured_name_makes_pipecats_service(
    kind: ServiceKind, name: str, service: str
) -> None:
    settings = NO_SETTINGS.model_copy(
        update={
            "deepgram_api_key": SecretStr("d"),
            "openai_base_url": "http://127.0.0.1:1/v1",
            "cartesia_api_key": SecretStr("c"),
            "cartesia_voice_id": "v",
        }
    )
    made = create_service(kind, name, settings=settings)
    assert type(made).__name__ == service
