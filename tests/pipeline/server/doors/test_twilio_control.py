"""Calls are transferred, held, ended and made, against a stand-in for Twilio's API."""

import weakref
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.direct_function import DirectFunctionWrapper
from pipecat.processors.aggregators.llm_context import LLMContext

from antiphon.pipeline.server.doors.twilio_tools import call_control_tools

KEY = {"Authorization": "Bearer key-of-the-test"}
ACCOUNT = "AC" + "0" * 32
MADE = "CA" + "e" * 32


class Asked:
    """What Pipecat hands a tool."""

    def __init__(self) -> None:
        self.result: Any = None
        self.context = LLMContext(
            messages=[
                {"role": "system", "content": "secret instructions"},
                {"role": "user", "content": "My bill is wrong."},
                {"role": "assistant", "content": "I am sorry."},
            ]
        )

    async def result_callback(self, result: Any) -> None:
        self.result = result


async def use(server: Any, call: Any, name: str, **arguments: str) -> Any:
    """Call a tool as the agent of a call does."""
    from antiphon.pipeline.server import calls

    tools = {
        tool.__name__: tool for tool in call_control_tools(transfer_to={"billing": "+493055555"})
    }
    token = calls._current_call.set(weakref.ref(server.app.state.calls.find(call.call_sid)))
    asked = Asked()
    await tools[name](asked, **arguments)
    calls._current_call.reset(token)
    return asked.result


async def test_a_caller_is_handed_over_with_what_the_person_should_know(
    office: Any, api: Any
) -> None:
    async with office() as server:
        call = await server.phone.calls(1)
        assert await call.is_answered()
        arguments = {"person": "billing", "summary": "The bill is wrong."}
        assert "status" in await use(server, call, "transfer_call", **arguments)
        [(path, asked)] = api[0].asked
        dial = ElementTree.fromstring(asked["Twiml"]).find("Dial")
        assert dial is not None
        assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{call.call_sid}.json"
        [number] = dial
        assert number.text == "+493055555"
        whisper_path = number.attrib["url"].removeprefix(server.base)
        whisper = await server.phone.post(whisper_path, {"CallSid": call.call_sid})
        assert "The bill is wrong." in await whisper.text()
        handoff = whisper_path.rpartition("/")[2]
        assert dial.attrib["action"] == f"{server.base}/twilio/transferred?handoff={handoff}"
        url = f"{server.base}/twilio/handoffs/{handoff}"
        async with server.session.get(url, headers=KEY) as response:
            known = await response.json()
        assert known["transcript"] == ["user: My bill is wrong.", "assistant: I am sorry."]
        assert known["parameters"]["from"] == "+49301234001"
        async with server.session.get(url) as response:
            assert response.status == 401


async def test_nobody_outside_the_list_takes_over(office: Any, api: Any) -> None:
    async with office() as server:
        call = await server.phone.calls(1)
        assert await call.is_answered()
        result = await use(server, call, "transfer_call", person="+1900", summary="")
    assert result == {"error": "who takes over can be: billing"}
    assert api[0].asked == []


async def test_a_number_outside_the_prefixes_is_not_dialled(office: Any, api: Any) -> None:
    async with office(dial_prefixes="+44") as server:
        call = await server.phone.calls(1)
        assert await call.is_answered()
        result = await use(server, call, "transfer_call", person="billing", summary="")
    assert result == {"error": "this person cannot be reached now"}
    assert api[0].asked == []


@pytest.mark.parametrize(
    ("said", "verb"), [("completed", "Hangup"), ("no-answer", "Connect"), ("nonsense", "Connect")]
)
async def test_when_nobody_answers_the_caller_is_back_with_the_agent(
    office: Any, said: str, verb: str
) -> None:
    async with office() as server:
        form = {"CallSid": "CA" + "1" * 32, "DialCallStatus": said}
        response = await server.phone.post("/twilio/transferred", form)
        [answer] = ElementTree.fromstring(await response.text())
    assert answer.tag == verb


async def test_the_agent_hangs_up(office: Any) -> None:
    async with office() as server:
        call = await server.phone.calls(1)
        assert await call.is_answered()
        await use(server, call, "hang_up")
        await call.ended()


async def test_the_agent_presses_keys(office: Any) -> None:
    async with office() as server:
        call = await server.phone.calls(1)
        assert await call.is_answered()
        assert await use(server, call, "press_keys", keys="12#") == {"status": "pressed"}
        for _ in range(20):
            await call.hears()
        assert "error" in await use(server, call, "press_keys", keys="call me")


async def test_a_call_is_put_on_hold_and_brought_back(office: Any, api: Any) -> None:
    async with office() as server:
        call = await server.phone.calls(1)
        assert await call.is_answered()
        control = server.app.state.calls.find(call.call_sid).control
        await control.hold(call.call_sid, music_url="https://example.com/a.mp3")
        await control.resume(call.call_sid, base_url=server.base)
        await control.hang_up(call.call_sid)
    hold, resume, hang_up = (asked for _, asked in api[0].asked)
    assert '<Play loop="0">https://example.com/a.mp3</Play>' in hold["Twiml"]
    assert resume["Url"] == f"{server.base}/twilio/voice"
    assert hang_up == {"Status": "completed"}


async def call_out(server: Any, to: str, **headers: str) -> tuple[int, Any]:
    url = f"{server.base}/twilio/call"
    async with server.session.post(url, json={"to": to}, headers={**KEY, **headers}) as response:
        return response.status, await response.json()


async def test_the_agent_calls_somebody(office: Any, api: Any) -> None:
    async with office() as server:
        assert await call_out(server, "+49301234567") == (200, {"call_sid": MADE})
    [(_, asked)] = api[0].asked
    assert (asked["To"], asked["From"]) == ("+49301234567", "+49301")
    assert asked["Url"] == f"{server.base}/twilio/voice"
    assert asked["StatusCallback"] == f"{server.base}/twilio/status"


@pytest.mark.parametrize(
    ("to", "authorization", "status"),
    [
        ("+19005551234", KEY["Authorization"], 403),
        ("110", KEY["Authorization"], 422),
        ("+49301234567", "Bearer guess", 401),
    ],
)
async def test_nobody_else_is_called(
    office: Any, api: Any, to: str, authorization: str, status: int
) -> None:
    async with office() as server:
        assert (await call_out(server, to, Authorization=authorization))[0] == status
    assert api[0].asked == []


async def test_twilio_is_never_sent_where_a_request_says(office: Any, api: Any) -> None:
    async with office(public_url=None) as server:
        assert (await call_out(server, "+49301234567", Host="evil.example.com"))[0] == 503
    async with office(public_url="https://voice.example.com") as server:
        assert (await call_out(server, "+49301234567", Host="evil.example.com"))[0] == 200
    [(_, asked)] = api[0].asked
    assert asked["Url"] == "https://voice.example.com/twilio/voice"


async def test_when_full_nobody_is_called(office: Any, api: Any) -> None:
    async with office(capacity=1) as server:
        await server.phone.calls(1)
        assert (await call_out(server, "+49301234567"))[0] == 503
    assert api[0].asked == []


async def test_when_twilio_refuses_the_place_is_free_again(office: Any, api: Any) -> None:
    async with office(capacity=1) as server:
        api[0].status = 400
        assert (await call_out(server, "+49301234567"))[0] == 502
        api[0].status = 200
        assert (await call_out(server, "+49301234567"))[0] == 200


def test_the_model_is_told_what_the_tools_take() -> None:
    tools = [
        DirectFunctionWrapper(t) for t in call_control_tools(transfer_to={"billing": "+493055555"})
    ]
    assert {tool.name: sorted(tool.properties) for tool in tools} == {
        "hang_up": [],
        "press_keys": ["keys"],
        "transfer_call": ["person", "summary"],
    }
