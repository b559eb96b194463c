"""Whole phone calls with a real agent: webhook, media stream, Twilio's API, all on loopback."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pipecat.services.openai.llm import OpenAILLMService

from antiphon.core.reaching_in import close_client
from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.server.doors.twilio_tools import call_control_tools
from antiphon.simulation.fakes import FakeSTT, FakeTTS
from antiphon.simulation.lines.babble import speech_pcm
from antiphon.simulation.lines.twilio_caller import TwilioCaller
from antiphon.simulation.vendors.openai import OpenAIServer, Reply

KEY = {"Authorization": "Bearer key-of-the-test"}
WORDS_PER_SEC = 4.0


@asynccontextmanager
async def agent(
    hears: list[str], thinks: Callable[[dict[str, Any]], Reply], **options: Any
) -> AsyncIterator[VoiceAgent]:
    """An agent whose language model is a server on loopback."""
    async with OpenAIServer(script=thinks) as server:
        models: list[OpenAILLMService] = []

        def model() -> OpenAILLMService:
            models.append(OpenAILLMService(base_url=server.url, api_key="any"))
            return models[-1]

        yield VoiceAgent(
            stt=lambda: FakeSTT(script=hears),
            llm=model,
            tts=lambda: FakeTTS(words_per_second=WORDS_PER_SEC),
            **options,
        )
        for llm in models:
            # Pipecat 1.14 leaves the client's idle connections open.
            await close_client(llm)


@asynccontextmanager
async def answered(
    server: Any, call_sid: str, path: str = "/twilio/voice", **form: str
) -> AsyncIterator[TwilioCaller]:
    """A call whose webhook Twilio has sent, from its media stream on."""
    twiml = await server.phone.asks(path, {"CallSid": call_sid, **form})
    stream = twiml.find("./Connect/Stream")
    parameters = {p.attrib["name"]: p.attrib["value"] for p in stream.iter("Parameter")}
    async with TwilioCaller(
        stream.attrib["url"], call_sid=call_sid, custom_parameters=parameters
    ) as phone:
        yield phone


async def says(phone: TwilioCaller, seconds: float) -> None:
    await phone.say(speech_pcm(seconds), sample_rate_hz=16_000)


def heard_words(phone: TwilioCaller) -> int:
    sound = sum(len(piece.pcm.rstrip(b"\0")) for piece in phone.heard) / 2 / 8000
    return round(sound * WORDS_PER_SEC)


async def test_a_voicemail_box_that_takes_a_call_gets_its_message(office: Any, api: Any) -> None:
    message = "Please call the shop back."
    verdict = json.dumps({"voicemail": {"choice": "voicemail", "probabilities": {"voicemail": 1}}})

    def thinks(body: dict[str, Any]) -> Reply:
        return verdict if "classifier" in json.dumps(body["messages"]) else "Hello?"

    async with (
        agent(["Leave a message."], thinks, voicemail=message) as voice_agent,
        office(agent=voice_agent) as server,
    ):
        url = f"{server.base}/twilio/call"
        async with server.session.post(url, json={"to": "+49301234567"}, headers=KEY) as response:
            call_sid = (await response.json())["call_sid"]
        async with answered(server, call_sid, Direction="outbound-api") as phone:
            await says(phone, 1.0)
            await phone.ended.wait()
            assert heard_words(phone) == len(message.split())


async def test_a_caller_is_handed_over_with_what_was_said_but_no_personal_data(
    office: Any, api: Any
) -> None:
    def thinks(body: dict[str, Any]) -> Reply:
        arguments = {"person": "billing", "summary": "The card was charged twice."}
        return {"tool": "transfer_call", "arguments": arguments}

    said = "My card 4242 4242 4242 4242 was charged twice, I am at ann@example.com."
    tools = call_control_tools(transfer_to={"billing": "+493055555"})
    async with (
        agent([said], thinks, greeting="Hello.", tools=tools) as voice_agent,
        office(agent=voice_agent) as server,
    ):
        async with answered(server, f"CA{1:032x}", From="+49301234001") as phone:
            await says(phone, 1.0)
            while not api[0].asked:
                await phone.listen(0.05)
            # Twilio leaves the stream for the new TwiML.
            await phone.hang_up()
        dial = ElementTree.fromstring(api[0].asked[0][1]["Twiml"]).find("./Dial/Number")
        assert dial is not None
        path = dial.attrib["url"].removeprefix(server.base)
        whisper = await server.phone.asks(path, {"CallSid": f"CA{1:032x}"})
        assert whisper.findtext("Say") == "The card was charged twice."
        url = f"{server.base}/twilio/handoffs/{path.rpartition('/')[2]}"
        async with server.session.get(url, headers=KEY) as response:
            known = await response.json()
    assert known["transcript"] == [
        "assistant: Hello.",
        "user: My card <CREDIT_CARD> was charged twice, I am at <EMAIL_ADDRESS>.",
    ]
    assert known["parameters"]["from"] == "+49301234001"
    assert "4242" not in json.dumps(known)
