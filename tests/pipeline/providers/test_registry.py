"""A provider of one's own has a name as the others have."""

from typing import Any

import pytest
from pipecat.cli.registry import ServiceLoader
from pipecat.services.settings import TTSSettings

from antiphon.pipeline import VoiceAgent, register_provider, service
from antiphon.pipeline.providers import registry, vendors
from antiphon.pipeline.providers.kinds import MissingVariable, ServiceKind
from antiphon.pipeline.providers.registry import provider_names
from antiphon.simulation.fakes import FakeTTS
from antiphon.transports import MemoryTransport


class Bell(FakeTTS):
    """A service with settings in its arguments."""

    def __init__(self, *, api_key: str, voice: str = "treble") -> None:
        super().__init__()
        self.told = (api_key, voice)


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {kind: {} for kind in ServiceKind})


def made(agent: VoiceAgent) -> list[Bell]:
    return [p for p in agent.pipeline(MemoryTransport()).processors if isinstance(p, Bell)]


def test_pipecats_whole_registry_is_there() -> None:
    for kind in ServiceKind:
        theirs = ServiceLoader.get_all_services_by_type(kind.value)
        names = {definition.value.removesuffix(f"_{kind}") for definition in theirs}
        assert names == {*provider_names(kind)}
    assert [len(provider_names(kind)) for kind in ServiceKind] >= [31, 26, 36]


def test_what_we_say_of_a_vendor_is_of_one_that_there_is() -> None:
    values = {
        definition.value
        for kind in ServiceKind
        for definition in ServiceLoader.get_all_services_by_type(kind.value)
    }
    assert {*vendors.QUIRKS} <= values
    assert {f"{name}_{kind}" for (kind, _), name in vendors.ALIASES.items()} <= values


def test_a_name_of_ones_own_is_made_anew_for_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    register_provider("tts", "bells", Bell, variables={"api_key": "BELLS_API_KEY"})
    with pytest.raises(MissingVariable, match="the 'bells' tts service needs BELLS_API_KEY"):
        VoiceAgent(tts="bells")
    monkeypatch.setenv("BELLS_API_KEY", "b")
    agent = VoiceAgent(tts=service("bells", voice="tubular"))
    (first,), (second,) = made(agent), made(agent)
    assert first is not second
    assert first.told == second.told == ("b", "tubular")
    with pytest.raises(ValueError, match="the 'bells' tts service knows no speed: it takes voice"):
        VoiceAgent(tts=service("bells", speed=2.0))
    with pytest.raises(ValueError, match="did you mean 'bells'"):
        VoiceAgent(tts="bell")


def test_a_name_of_ones_own_may_have_pipecats_settings() -> None:
    class Gong(FakeTTS):
        Settings = TTSSettings

        def __init__(self, *, settings: TTSSettings) -> None:
            super().__init__()
            self.told = settings

    register_provider("tts", "gongs", Gong)
    agent = VoiceAgent(tts=service("gongs/large", voice="deep"))
    (gong,) = [p for p in agent.pipeline(MemoryTransport()).processors if isinstance(p, Gong)]
    assert (gong.told.model, gong.told.voice) == ("large", "deep")


def test_a_vendors_name_may_be_given_to_another_class() -> None:
    register_provider("tts", "rime", lambda: Bell(api_key="mine"))
    (bell,) = made(VoiceAgent(tts="rime"))
    assert bell.told == ("mine", "treble")


@pytest.mark.parametrize(
    ("kind", "name"), [("tts", ""), ("tts", "a/b"), ("stt", "embedded"), ("speech", "bells")]
)
def test_what_can_be_no_name_is_refused(kind: str, name: str) -> None:
    bell: Any = Bell
    with pytest.raises(ValueError, match=r"is no name|is no kind of service: give stt, llm, tts"):
        register_provider(kind, name, bell)


@pytest.mark.parametrize("given", [None, "bells:Bell", FakeTTS()])
def test_what_makes_no_service_gets_no_name(given: Any) -> None:
    with pytest.raises(TypeError, match=r"^'bells': .* can make no service: give a class, or"):
        register_provider("tts", "bells", given)
