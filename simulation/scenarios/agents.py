"""The agent that a scenario calls, with the vendors it needs, for the length of one call."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pkgutil import resolve_name
from typing import Any

from antiphon.core.reaching_in import close_client
from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.pipeline.default_agent import order_desk
from antiphon.pipeline.errands import TO_SAY
from antiphon.pipeline.turns import EMBEDDED_SPEECH_TIMEOUT_SECS
from antiphon.services import Script
from antiphon.services.scripted.script import Answer
from antiphon.simulation.caller.voice import HIBARI
from antiphon.simulation.scenarios.flow_desk import flow_desk, without_tasks
from antiphon.simulation.scenarios.loading import ScenarioError
from antiphon.simulation.scenarios.schema import Scenario

__all__ = ["agent_of"]


@asynccontextmanager
async def agent_of(scenario: Scenario) -> AsyncIterator[VoiceAgent]:
    """Give the agent, and run the vendor servers that it is connected to.

    Args:
        scenario: Whose agent.

    Raises:
        ImportError: If an extra is missing.
        ScenarioError: If `agent.factory` names nothing that returns a `VoiceAgent`.
    """
    agent = scenario.agent
    async with AsyncExitStack() as stack:
        if agent.factory:
            yield _from_factory(agent.factory)
            return
        if agent.services == "vendors":
            services = await _vendor_services(scenario, stack)
        elif agent.services == "realtime":
            services = await _realtime_service(stack)
        else:
            services = _embedded_services(scenario)
        desk = flow_desk if agent.flow else order_desk
        yield desk(agent.greeting, look_up_secs=agent.tool_secs, **services)


def _embedded_services(scenario: Scenario) -> dict[str, Any]:
    services: dict[str, Any] = {"stt": scenario.agent.stt, "tts": scenario.agent.tts}
    if scenario.caller.voice != HIBARI and not scenario.recording:
        # Smart Turn judges eSpeak's voices at random.
        services["turns"] = TurnSettings(silence_secs=EMBEDDED_SPEECH_TIMEOUT_SECS)
    return services


def _from_factory(name: str) -> VoiceAgent:
    try:
        agent = resolve_name(name)()
    except (ModuleNotFoundError, AttributeError, TypeError, ValueError) as error:
        raise ScenarioError(f"agent.factory: cannot call {name}: {error}") from error
    if not isinstance(agent, VoiceAgent):
        raise ScenarioError(
            f"agent.factory: {name} returned {type(agent).__name__}, not a VoiceAgent"
        )
    return agent


async def _realtime_service(stack: AsyncExitStack) -> dict[str, Any]:
    from pipecat.services.openai.realtime.events import (
        AudioConfiguration,
        AudioInput,
        InputAudioTranscription,
        SessionProperties,
    )
    from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

    from antiphon.simulation.vendors.embedded import EspeakVoice, pocketsphinx_transcriber
    from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer

    script, phrases = _order_script()

    def answer(body: dict[str, Any]) -> Any:
        messages = body["messages"]
        asked = str((messages or [{}])[-1].get("content") or "")
        if asked.startswith(TO_SAY):
            return asked.removeprefix(TO_SAY)
        return _reply(script, [*_said(messages)])

    server = await stack.enter_async_context(
        OpenAIRealtimeServer(
            script=answer,
            transcriber=pocketsphinx_transcriber(phrases),
            voice=EspeakVoice(),
            first_chunk_secs=0.2,
        )
    )
    heard = AudioInput(transcription=InputAudioTranscription())
    session = SessionProperties(audio=AudioConfiguration(input=heard))
    return {
        "realtime": OpenAIRealtimeLLMService(
            base_url=server.url,
            api_key="loopback",
            settings=OpenAIRealtimeLLMService.Settings(session_properties=session),
        ),
        "turns": TurnSettings(silence_secs=EMBEDDED_SPEECH_TIMEOUT_SECS),
    }


def _said(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What was said and done, without what the model was told; keys come as what is told."""
    for message in messages:
        told = str(message.get("content") or "")
        if message["role"] == "system" and told.startswith("DTMF:"):
            yield message | {"role": "user"}
        elif message["role"] != "system" and not told.startswith(TO_SAY):
            yield message


def _order_script() -> tuple[Script, list[str]]:
    script = Script.order_status()
    return script, [phrase for intent in script.intents for phrase in intent.phrases]


def _reply(script: Script, messages: Sequence[Mapping[str, Any]]) -> Any:
    answer = script.respond(messages)
    if isinstance(answer, Answer):
        return answer.text
    return {"tool": answer.name, "arguments": answer.arguments}


async def _vendor_services(scenario: Scenario, stack: AsyncExitStack) -> dict[str, Any]:
    # Imported here: a scenario on the embedded services needs no vendor's SDK.
    from pipecat.services.cartesia.tts import CartesiaTTSService
    from pipecat.services.deepgram.stt import DeepgramSTTService
    from pipecat.services.openai.llm import OpenAILLMService

    from antiphon.simulation.vendors.cartesia import CartesiaServer
    from antiphon.simulation.vendors.deepgram import DeepgramServer
    from antiphon.simulation.vendors.embedded import EspeakVoice, pocketsphinx_transcriber
    from antiphon.simulation.vendors.openai import OpenAIServer

    script, phrases = _order_script()
    read = without_tasks if scenario.agent.flow else list
    faults = scenario.faults
    deepgram = await stack.enter_async_context(
        DeepgramServer(
            transcriber=pocketsphinx_transcriber(phrases), faults=faults.get("deepgram", ())
        )
    )
    openai = await stack.enter_async_context(
        OpenAIServer(
            script=lambda body: _reply(script, read(body["messages"])),
            first_token_secs=0.1,
            faults=faults.get("openai", ()),
        )
    )
    cartesia = await stack.enter_async_context(
        CartesiaServer(
            voice=EspeakVoice(), first_chunk_secs=0.05, faults=faults.get("cartesia", ())
        )
    )
    llm = OpenAILLMService(base_url=openai.url, api_key="loopback")
    stack.push_async_callback(close_client, llm)
    return {
        "stt": DeepgramSTTService(base_url=deepgram.url, api_key="loopback"),
        "llm": llm,
        "tts": CartesiaTTSService(
            url=cartesia.url,
            api_key="loopback",
            settings=CartesiaTTSService.Settings(voice="loopback"),
        ),
    }
