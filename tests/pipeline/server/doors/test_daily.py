"""A Daily room on request; only the native call client and Daily's API are stood in for."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from pipecat.frames.frames import Frame, TranscriptionFrame, UserAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import BaseTransport

from antiphon.pipeline.worker import CallWorker
from antiphon.services import PocketSphinxSTTService, jsgf_from_phrases
from antiphon.services.vad.silero import SharedSileroVADAnalyzer
from antiphon.simulation.caller import EspeakVoice

from ..daily_room import CallClientStub, DailyApi, Sound, hears, joined

KEY = {"Authorization": "Bearer key-of-the-test"}


@dataclass
class Ears:
    """An agent that notes whom it hears."""

    heard: list[tuple[str, bytes]] = field(default_factory=list)

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        notes = self.heard

        class Notes(FrameProcessor):
            async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
                await super().process_frame(frame, direction)
                if isinstance(frame, UserAudioRawFrame):
                    notes.append((frame.user_id, frame.audio))
                await self.push_frame(frame, direction)

        pipeline = Pipeline([transport.input(), Notes(), transport.output()])
        kwargs.pop("outbound", None)
        worker = CallWorker(pipeline, enable_rtvi=False, **kwargs)

        async def leave(*_: Any) -> None:
            await worker.cancel()

        transport.add_event_handler("on_client_disconnected", leave)
        return worker

    async def hear(self, count: int) -> list[tuple[str, bytes]]:
        while len(self.heard) < count:  # noqa: ASYNC110 - said by another thread
            await asyncio.sleep(0.01)
        return sorted(self.heard)


@pytest.fixture
async def api() -> AsyncIterator[tuple[DailyApi, str]]:
    stand_in = DailyApi()
    runner = web.AppRunner(stand_in.app(), shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield stand_in, f"http://127.0.0.1:{port}"
    await runner.cleanup()


@pytest.fixture
def room(serving: Any, api: Any, daily_client: None) -> Callable[..., Any]:
    def serve(**settings: Any) -> Any:
        return serving("daily", daily_api_key="daily-key", daily_api_url=api[1], **settings)

    return serve


async def start(server: Any, body: Any = None, **headers: str) -> tuple[int, Any]:
    url = f"{server.base}/daily/start"
    async with server.session.post(url, json=body, headers={**KEY, **headers}) as response:
        return response.status, await response.json()


async def dialled(client: CallClientStub) -> None:
    while not client.dialled:  # noqa: ASYNC110 - idem
        await asyncio.sleep(0.01)


async def test_a_start_gives_a_room_and_the_agent_joins_it(room: Any, api: Any) -> None:
    async with room() as server:
        status, answer = await start(server)
        client = await joined()
        await server.metric_reaches("antiphon_calls_active", 1)
    assert status == 200
    assert (answer["room_url"], answer["token"]) == ("https://x.daily.co/r1", "person")
    assert client.joined == ("https://x.daily.co/r1", "owner")
    [(_, made), *_] = api[0].requests
    assert made["privacy"] == "private"


async def test_the_agent_leaves_with_the_last_person(room: Any, api: Any) -> None:
    async with room() as server:
        await start(server)
        client = await joined()
        for person in ("ann", "bob"):
            client.joins(person)
            await hears(client, person)
        client.leaves("ann")
        client.joins("cat")
        await hears(client, "cat")
        assert not client.left.is_set()
        client.leaves("bob")
        client.leaves("cat")
        await server.metric_reaches("antiphon_calls_active", 0)
        await api[0].deleted.wait()
    assert client.left.is_set()


async def test_a_room_that_cannot_be_joined_gives_its_place_back(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CallClientStub, "join_error", "no such room")
    async with room(capacity=1) as server:
        await start(server)
        await joined()
        await server.metric_reaches("antiphon_calls_active", 0)


async def test_when_daily_makes_no_room_the_place_is_free_again(room: Any, api: Any) -> None:
    api[0].is_broken = True
    async with room(capacity=1) as server:
        assert (await start(server))[0] == 502
        api[0].is_broken = False
        assert (await start(server))[0] == 200


async def test_when_full_no_room_is_made(room: Any, api: Any) -> None:
    async with room(capacity=1) as server:
        await start(server)
        assert (await start(server))[0] == 503
    assert [kind for kind, _ in api[0].requests].count("room") == 1


async def test_without_a_key_no_room_is_made(room: Any, api: Any) -> None:
    async with room() as server:
        assert (await start(server, Authorization="Bearer guess"))[0] == 401
    assert api[0].requests == []


async def test_the_agent_calls_an_allowed_number_from_the_room(room: Any) -> None:
    async with room(dial_prefixes="+4930") as server:
        await start(server, {"dial_out_to": "+49301234567"})
        client = await joined()
        await dialled(client)
    assert client.dialled == [{"phoneNumber": "+49301234567"}]
    assert server.agent.called_out == [True]


async def test_a_number_that_cannot_be_called_frees_the_place(
    room: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CallClientStub, "dial_out_error", "not enabled")
    async with room(dial_prefixes="+4930", capacity=1) as server:
        await start(server, {"dial_out_to": "+49301234567"})
        await api[0].deleted.wait()
        await server.metric_reaches("antiphon_calls_active", 0)


async def test_a_call_that_nobody_takes_ends(room: Any, api: Any) -> None:
    async with room(dial_prefixes="+4930") as server:
        await start(server, {"dial_out_to": "+49301234567"})
        client = await joined()
        await dialled(client)
        client.from_another_thread(client.handler.on_dialout_error, {"errorMsg": "no answer"})
        await api[0].deleted.wait()
    assert client.left.is_set()


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ({"dial_out_to": "+49301234567"}, "on_dialout_stopped"),
        ({"dialin": {"callId": "c1", "callDomain": "d1"}}, "on_dialin_stopped"),
    ],
)
async def test_who_hangs_up_before_they_are_in_the_room_frees_the_place(
    room: Any, api: Any, body: Any, event: str
) -> None:
    async with room(dial_prefixes="+4930") as server:
        await start(server, body)
        client = await joined()
        client.from_another_thread(getattr(client.handler, event), {"sessionId": "phone"})
        async with asyncio.timeout(10):
            await api[0].deleted.wait()
    assert client.left.is_set()


async def test_one_telephone_that_hangs_up_leaves_the_agent_to_the_others(room: Any) -> None:
    ears = Ears()
    async with room(dial_prefixes="+4930", agent=ears) as server:
        await start(server, {"dial_out_to": "+49301234567"})
        client = await joined()
        client.from_another_thread(client.handler.on_dialout_answered, {"sessionId": "phone"})
        for person in ("phone", "ann"):
            client.joins(person)
            await hears(client, person)
        client.from_another_thread(client.handler.on_dialout_stopped, {"sessionId": "phone"})
        client.leaves("phone")
        await asyncio.sleep(0.2)
        client.says("ann", bytes(640))
        assert await ears.hear(1) == [("ann", bytes(640))]


async def test_somebody_who_is_called_takes_the_call_and_hangs_up(room: Any, api: Any) -> None:
    ears = Ears()
    async with room(dial_prefixes="+4930", agent=ears) as server:
        await start(server, {"dial_out_to": "+49301234567"})
        client = await joined()
        client.from_another_thread(client.handler.on_dialout_answered, {"sessionId": "phone"})
        client.joins("phone")
        await hears(client, "phone")
        client.says("phone", bytes(640))
        assert await ears.hear(1) == [("phone", bytes(640))]
        client.leaves("phone")
        await server.metric_reaches("antiphon_calls_active", 0)
        await api[0].deleted.wait()


async def test_a_caller_who_dials_in_is_put_into_the_room_and_heard(room: Any, api: Any) -> None:
    ears = Ears()
    async with room(agent=ears) as server:
        dialin = {"call_id": "c1", "call_domain": "d1"}
        assert (await start(server, {"dialin": dialin}))[0] == 200
        client = await joined()
        client.from_another_thread(client.handler.on_dialin_ready, "sip:r1@x.daily.co")
        assert await api[0].connected.get() == {
            "callId": "c1",
            "callDomain": "d1",
            "sipUri": "sip:r1@x.daily.co",
        }
        client.joins("caller")
        await hears(client, "caller")
        client.says("caller", bytes(640))
        assert await ears.hear(1) == [("caller", bytes(640))]
        client.leaves("caller")
        await api[0].deleted.wait()
    [(_, made), *_] = api[0].requests
    assert made["properties"]["sip"]["display_name"] == "caller"


async def test_each_person_is_heard_as_themselves(room: Any) -> None:
    ears = Ears()
    async with room(agent=ears) as server:
        await start(server)
        client = await joined()
        said = [("ann", b"\0\1" * 320), ("bob", b"\0\2" * 320)]
        for person, sound in said:
            client.joins(person)
            await hears(client, person)
            client.says(person, sound)
        assert await ears.hear(2) == said


@pytest.mark.parametrize(
    ("number", "status"), [("+19005551234", 403), ("911", 422), ("sip:a b", 422)]
)
async def test_no_other_number_is_called(room: Any, number: str, status: int) -> None:
    async with room(dial_prefixes="+4930") as server:
        assert (await start(server, {"dial_out_to": number}))[0] == status


@pytest.mark.parametrize(
    "body",
    [
        {"dialin": {}},
        {"dialin": {"call_id": "c1"}},
        {"dialin": {"callDomain": "d1"}},
        {"dialin": {"call_id": "", "call_domain": ""}},
        {"dialin": {"call_id": "c1", "callId": "c2", "call_domain": "d1"}},
        {"dialin": {"call_id": 7, "call_domain": "d1"}},
        {"dialin": {"call_id": ["c1"], "call_domain": "d1"}},
        {"dialin": {"call_id": "c/../1", "call_domain": "d1"}},
        {"dialin": {"call_id": "c1", "call_domain": "d1", "callID": "c1"}},
        {"dialin": "c1"},
        {"dialin": [{"call_id": "c1", "call_domain": "d1"}]},
        {"callId": "c1", "callDomain": "d1"},
        {"dial_in": {"call_id": "c1", "call_domain": "d1"}},
        {"dialin": {"call_id": "c1", "call_domain": "d1"}, "dial_out_to": "+49301234567"},
        {"dial_out": "+49301234567"},
        {"dial_out_to": ""},
        {"dial_out_to": ["+49301234567"]},
        {"dial_out_to": "+49301234567", "caller_id": ""},
        {"dial_out_to": "sip:desk@example.com", "caller_id": "n1"},
        {"caller_id": "n1"},
        {"parameters": {"a": 1}},
        {"parameters": None},
        [],
        "start",
    ],
)
async def test_a_start_that_nobody_would_answer_makes_no_room(
    room: Any, api: Any, body: Any
) -> None:
    async with room(dial_prefixes="+4930,sip:", capacity=1) as server:
        assert (await start(server, body))[0] == 422
        assert (await start(server))[0] == 200
    assert [kind for kind, _ in api[0].requests].count("room") == 1


async def test_a_dial_in_is_taken_as_the_webhook_spells_it(room: Any, api: Any) -> None:
    webhook = {"callId": "c1", "callDomain": "d1", "From": "+4930111", "To": "+4930222"}
    async with room() as server:
        assert (await start(server, {"dialin": webhook, "parameters": {"to": "desk"}}))[0] == 200
        client = await joined()
        client.from_another_thread(client.handler.on_dialin_ready, "sip:r1@x.daily.co")
        connected = await api[0].connected.get()
    assert (connected["callId"], connected["callDomain"]) == ("c1", "d1")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"From": None, "To": None, "sipHeaders": None}, {}),
        ({"sipHeaders": {"X-Desk": "7"}}, {"X-Desk": "7", "from": "+4930111", "to": "+4930222"}),
        # What a caller sends along does not say who calls.
        ({"sipHeaders": {"from": "+1555", "To": "x"}}, {"from": "+4930111", "to": "+4930222"}),
        ({"From": "", "sipHeaders": {"From": "+1555"}}, {"to": "+4930222"}),
    ],
)
async def test_the_agent_is_told_of_a_dial_in_what_the_webhook_says(
    room: Any, more: Any, told: Any
) -> None:
    webhook = {"callId": "c1", "callDomain": "d1", "From": "+4930111", "To": "+4930222", **more}
    async with room() as server:
        assert (await start(server, {"dialin": webhook}))[0] == 200
        await joined()
        [call] = server.app.state.calls._running
        assert dict(call.parameters) == told


@pytest.mark.parametrize(
    ("to", "asked", "settings", "dialled_with"),
    [
        ("+49301234567", {"caller_id": "n1"}, {}, {"callerId": "n1"}),
        ("+49301234567", {}, {"daily_caller_id": "n2"}, {"callerId": "n2"}),
        ("+49301234567", {"caller_id": "n1"}, {"daily_caller_id": "n2"}, {"callerId": "n1"}),
        ("sip:desk@example.com", {}, {"daily_caller_id": "n2"}, {}),
    ],
)
async def test_a_telephone_shows_the_number_that_calls(
    room: Any, to: str, asked: Any, settings: Any, dialled_with: Any
) -> None:
    async with room(dial_prefixes="+4930,sip:", **settings) as server:
        assert (await start(server, {"dial_out_to": to, **asked}))[0] == 200
        client = await joined()
        await dialled(client)
    kind = "phoneNumber" if to.startswith("+") else "sipUri"
    assert client.dialled == [{kind: to, **dialled_with}]


@dataclass
class Greeter(Ears):
    """An agent that notes when somebody is there to be greeted."""

    greeted: list[str] = field(default_factory=list)

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        async def greet(_: BaseTransport, person: Any) -> None:
            self.greeted.append(person["id"])

        transport.add_event_handler("on_client_connected", greet)
        return super().worker(transport, **kwargs)


@pytest.mark.parametrize("answers_first", [True, False])
async def test_whom_the_agent_calls_is_greeted_once_they_have_answered(
    room: Any, api: Any, answers_first: bool
) -> None:
    greeter = Greeter()
    answered = ("on_dialout_answered", {"sessionId": "phone"})
    joins = ("on_participant_joined", {"id": "phone", "info": {"userName": "phone"}})
    async with room(dial_prefixes="+4930", agent=greeter) as server:
        await start(server, {"dial_out_to": "+49301234567"})
        client = await joined()
        await dialled(client)
        first, second = (answered, joins) if answers_first else (joins, answered)
        for name, data in (first, second):
            assert greeter.greeted == []
            client.from_another_thread(getattr(client.handler, name), data)
            await asyncio.sleep(0.2)
        while not greeter.greeted:  # noqa: ASYNC110 - told by another thread
            await asyncio.sleep(0.01)
        client.leaves("phone")
        await api[0].deleted.wait()
    assert greeter.greeted == ["phone"]


async def test_two_people_are_heard_on_one_track_of_the_time_that_passes(room: Any) -> None:
    """Bob's microphone is open and silent while ann speaks, and the other way round."""
    ears = Ears()
    lines = {"ann": b"\x00\x10" * 320, "bob": b"\x00\x20" * 320}
    async with room(agent=ears) as server:
        await start(server)
        client = await joined()
        for person in lines:
            client.joins(person)
            await hears(client, person)

        def talk() -> None:
            for speaker in ("ann", "bob", "ann"):
                for _ in range(25):
                    for person in lines:
                        audio = lines[person] if person == speaker else bytes(640)
                        client.renderers[person](person, Sound(audio), "microphone")
                    time.sleep(0.002)

        client.from_another_thread(talk)
        while len(ears.heard) < 75:  # noqa: ASYNC110 - said by another thread
            await asyncio.sleep(0.01)
        client.leaves("ann")
        client.leaves("bob")
        await server.metric_reaches("antiphon_calls_active", 0)
    # One began before the other and is a packet ahead; of neither anything is missing.
    assert 75 <= len(ears.heard) <= 76
    track = np.frombuffer(b"".join(audio for _, audio in ears.heard), "<i2").astype(int)
    assert track.sum() == 320 * (50 * 0x1000 + 25 * 0x2000)
    named = [person for person, audio in ears.heard if any(audio)]
    assert [name for name, _ in itertools.groupby(named)] == ["ann", "bob", "ann"]


SAID = [
    ("ann", "what are your opening hours"),
    ("bob", "can i pay by card"),
    ("ann", "thank you goodbye"),
]
VOICES = {"ann": "en-us+f2", "bob": "en-us+m3"}


class Recogniser:
    """An agent that notes what it understands, and of whom."""

    def __init__(self) -> None:
        self.understood: list[tuple[str, str]] = []

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        understood = self.understood

        class Notes(FrameProcessor):
            async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
                await super().process_frame(frame, direction)
                if isinstance(frame, TranscriptionFrame):
                    understood.append((frame.user_id, frame.text))
                await self.push_frame(frame, direction)

        stt = PocketSphinxSTTService(grammar=jsgf_from_phrases([text for _, text in SAID]))
        vad = LLMUserAggregatorParams(vad_analyzer=SharedSileroVADAnalyzer())
        pair = LLMContextAggregatorPair(LLMContext(), user_params=vad)
        kwargs.pop("outbound", None)
        pipeline = Pipeline([transport.input(), stt, Notes(), pair.user(), transport.output()])
        worker = CallWorker(pipeline, enable_rtvi=False, **kwargs)

        async def leave(*_: Any) -> None:
            await worker.cancel()

        transport.add_event_handler("on_client_disconnected", leave)
        return worker


@pytest.mark.system
async def test_two_people_in_a_room_are_both_understood(room: Any) -> None:
    agent = Recogniser()
    silence, packet = np.zeros(16_000, np.int16), bytes(640)
    spoken = [
        (person, np.concatenate((await EspeakVoice(VOICES[person]).speak(text), silence)))
        for person, text in SAID
    ]
    async with room(agent=agent) as server:
        await start(server)
        client = await joined()
        for person in VOICES:
            client.joins(person)
            await hears(client, person)

        def talk() -> None:
            due = time.monotonic()
            # The detector loads its model with the first sound.
            for speaker, samples in [("ann", np.tile(silence, 3)), *spoken]:
                pcm = samples.tobytes()
                for at in range(0, len(pcm) - len(packet) + 1, len(packet)):
                    for person in VOICES:
                        audio = pcm[at : at + len(packet)] if person == speaker else packet
                        client.renderers[person](person, Sound(audio), "microphone")
                    due += 0.02
                    time.sleep(max(0.0, due - time.monotonic()))

        await asyncio.to_thread(talk)
        async with asyncio.timeout(60):
            while len(agent.understood) < len(SAID):  # noqa: ASYNC110 - said by another thread
                await asyncio.sleep(0.05)
        for person in VOICES:
            client.leaves(person)
        await server.metric_reaches("antiphon_calls_active", 0)
    assert agent.understood == SAID
