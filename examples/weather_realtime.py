"""A speech-to-speech model with a tool: it is asked for the weather, and looks it up.

Run it with `python examples/weather_realtime.py`; needs `pip install 'antiphon[simulation]'`. With
`OPENAI_API_KEY` in the environment the model is OpenAI's, in real time and at your cost; else it is
emulated on this machine, with no network, as fast as the machine can.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from typing import Any

from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.recording import CallRecorder, transcript_lines
from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports import MemoryTransport

OPENAI = "wss://api.openai.com/v1/realtime"
QUESTIONS = ["will it rain in Bergen today", "and how warm is it", "thank you goodbye"]
REPLIES = [
    "Hello, what place would you like the weather of?",
    ["Let me see.", {"tool": "get_weather", "arguments": {"city": "Bergen"}}],
    "Yes, it will rain in Bergen until the evening.",
    "It is eleven degrees.",
    "Goodbye.",
]


async def get_weather(params: FunctionCallParams, city: str) -> None:
    """Look up the weather of today.

    Args:
        params: Pipecat's.
        city: The city.
    """
    await params.result_callback({"city": city, "rain": "until the evening", "celsius": 11})


async def call(key: str | None = None) -> list[dict[str, Any]]:
    """Make the call; its transcript comes back.

    Args:
        key: A key of OpenAI's; without one the model is emulated.
    """
    async with AsyncExitStack() as servers:
        address = OPENAI
        if not key:
            emulated = OpenAIRealtimeServer(heard=QUESTIONS, script=REPLIES)
            address = (await servers.enter_async_context(emulated)).url

        def model() -> OpenAIRealtimeLLMService:
            # Without transcription the model hears the caller, but nobody reads what was said.
            heard = AudioInput(transcription=InputAudioTranscription())
            return OpenAIRealtimeLLMService(
                api_key=key or "none",
                base_url=address,
                settings=OpenAIRealtimeLLMService.Settings(
                    session_properties=SessionProperties(audio=AudioConfiguration(input=heard))
                ),
            )

        agent = VoiceAgent(
            instructions="You tell callers the weather. Answer in one short sentence.",
            greeting=REPLIES[0],
            tools=[get_weather],
            realtime=model,
            # The caller's voice is eSpeak's, which Smart Turn never takes for finished.
            turns=TurnSettings(silence_secs=0.5),
        )
        transport = MemoryTransport()
        recorder = CallRecorder(transport, title="The weather")
        lines = [*(Say(text=question) for question in QUESTIONS), HangUp()]
        caller = Caller(transport, lines, listeners=[recorder])
        await simulate_call(caller, agent.worker(transport, observers=[*recorder.observers]))
        return transcript_lines(recorder.record())


if __name__ == "__main__":
    openai_key = os.environ.get("OPENAI_API_KEY")
    if openai_key:
        transcript = asyncio.run(call(openai_key))
    else:
        print("OPENAI_API_KEY is not set: the model is emulated, and answers by a script.")
        transcript = run_virtual(call())
    for line in transcript:
        print(line)
