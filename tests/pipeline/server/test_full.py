"""What each endpoint says when all places are taken, and while the server drains."""

from typing import Any

import pytest

KEY = {"Authorization": "Bearer key-of-the-test"}
CALL = {"CallSid": "CA" + "5" * 32}
STARTS = {
    "/twilio/call": {"to": "+49301234567"},
    "/websocket/start": {},
    "/daily/start": {},
}


def doors(office: Any) -> Any:
    return office("twilio", "websocket", "daily", daily_api_key="unused", capacity=1)


@pytest.mark.parametrize("draining", [False, True])
@pytest.mark.parametrize("path", list(STARTS))
async def test_a_start_is_told_when_to_try_again(
    office: Any, api: Any, path: str, draining: bool
) -> None:
    async with doors(office) as server:
        state = server.app.state.calls.state
        state.close() if draining else await state.promise("somebody")
        url = server.base + path
        async with server.session.post(url, json=STARTS[path], headers=KEY) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "30")
    assert api[0].asked == []


@pytest.mark.parametrize("draining", [False, True])
async def test_a_caller_whom_nobody_took_over_is_hung_up_on(office: Any, draining: bool) -> None:
    async with doors(office) as server:
        state = server.app.state.calls.state
        state.close() if draining else await state.promise("somebody")
        form = {**CALL, "DialCallStatus": "no-answer"}
        twiml = await server.phone.asks("/twilio/transferred", form)
    assert [verb.tag for verb in twiml] == ["Hangup"]


@pytest.mark.parametrize("draining", [False, True])
async def test_who_was_promised_a_place_is_let_in(office: Any, draining: bool) -> None:
    async with doors(office) as server:
        twiml = await server.phone.rings(1)
        if draining:
            server.app.state.calls.state.close()
        call = await server.phone.connects(twiml, 1)
        assert await call.is_answered()
