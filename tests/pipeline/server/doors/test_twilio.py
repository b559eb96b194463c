"""Twilio's door lets Twilio's callers in, one place each, and nobody else."""

import time
import xml.etree.ElementTree as ElementTree
from typing import Any

import aiohttp
import pytest

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.server import ServerSettings, create_app


async def test_a_call_is_answered_and_its_end_frees_the_place(serving: Any) -> None:
    async with serving() as server:
        call = await server.phone.calls(1)
        assert await call.is_answered()
        assert await server.metric("antiphon_calls_active") == 1
        await call.websocket.close()
        await server.metric_reaches("antiphon_calls_active", 0)
        await server.metric_reaches('antiphon_calls_total{outcome="ended"', 1)


async def test_the_agent_is_told_who_called(serving: Any) -> None:
    async with serving() as server:
        call = await server.phone.calls(7)
        assert await call.is_answered()
        parameters = server.app.state.calls.find(call.call_sid).parameters
    assert parameters == {"from": "+49301234007", "to": "+4930"}


@pytest.mark.parametrize("signature", ["", "forged", "Zm9yZ2Vk", "ünsigned"])
async def test_a_forged_webhook_is_refused(serving: Any, signature: str) -> None:
    async with serving() as server:
        headers = {"X-Twilio-Signature": signature}
        form = {"CallSid": "CA" + "0" * 32}
        url = f"{server.base}/twilio/voice"
        async with server.session.post(url, data=form, headers=headers) as response:
            assert response.status == 403


async def test_a_webhook_with_a_changed_form_is_refused(serving: Any) -> None:
    async with serving() as server:
        signed = await server.phone.post("/twilio/voice", {"CallSid": "CA" + "1" * 32})
        signature = signed.request_info.headers["X-Twilio-Signature"]
        form = {"CallSid": "CA" + "2" * 32}
        url = f"{server.base}/twilio/voice"
        headers = {"X-Twilio-Signature": signature}
        async with server.session.post(url, data=form, headers=headers) as response:
            assert response.status == 403


async def test_behind_a_proxy_the_signature_is_of_the_public_address(serving: Any) -> None:
    async with serving() as server:
        form = {"CallSid": "CA" + "0" * 32}
        headers = {"X-Forwarded-Proto": "https", "Host": "voice.example.com"}
        response = await server.phone.post(
            "/twilio/voice",
            form,
            signed_url="https://voice.example.com/twilio/voice",
            **headers,
        )
        stream = ElementTree.fromstring(await response.text()).find("./Connect/Stream")
    assert response.status == 200
    assert stream is not None
    assert stream.attrib["url"] == "wss://voice.example.com/twilio/stream"


async def test_a_public_address_that_the_proxy_hides_can_be_set(serving: Any) -> None:
    async with serving(public_url="https://voice.example.com/") as server:
        response = await server.phone.post(
            "/twilio/voice?a=1",
            {"CallSid": "CA" + "0" * 32},
            signed_url="https://voice.example.com/twilio/voice?a=1",
        )
    assert response.status == 200


async def test_the_app_can_be_mounted_into_another(serving: Any) -> None:
    async with serving(prefix="/voice") as server:
        call = await server.phone.calls(1)
        assert await call.is_answered()


@pytest.mark.parametrize("call_sid", ["", "CA1", "CA" + "0" * 31 + "/", "../Conferences/CF9"])
async def test_a_call_without_a_proper_id_is_refused(serving: Any, call_sid: str) -> None:
    async with serving() as server:
        response = await server.phone.post("/twilio/voice", {"CallSid": call_sid})
    assert response.status == 400


async def test_when_full_the_next_caller_hears_the_busy_tone(serving: Any) -> None:
    async with serving(capacity=1) as server:
        await server.phone.calls(1)
        twiml = await server.phone.rings(2)
        reject = twiml.find("Reject")
    assert reject is not None
    assert reject.attrib == {"reason": "busy"}


async def test_when_full_the_next_caller_can_be_told_so(serving: Any) -> None:
    async with serving(capacity=1, busy_message="Please call again.") as server:
        await server.phone.rings(1)
        twiml = await server.phone.rings(2)
    assert [(verb.tag, verb.text) for verb in twiml] == [
        ("Say", "Please call again."),
        ("Hangup", None),
    ]


def waits_at(twiml: ElementTree.Element, base: str) -> str:
    assert [verb.tag for verb in twiml] == ["Say", "Pause", "Redirect"]
    redirect = twiml.findtext("Redirect")
    assert redirect is not None
    return redirect.removeprefix(base)


async def test_when_full_callers_can_wait_for_their_turn(serving: Any) -> None:
    async with serving(capacity=1, queue_secs=60, rate_per_caller="1/minute") as server:
        talking = await server.phone.calls(1)
        waiting = [waits_at(await server.phone.rings(n), server.base) for n in (2, 3)]
        await talking.websocket.close()
        await server.metric_reaches("antiphon_calls_active", 0)
        late = await server.phone.asks(waiting[1], {"CallSid": f"CA{3:032x}"})
        assert waits_at(late, server.base)
        first = await server.phone.asks(waiting[0], {"CallSid": f"CA{2:032x}"})
        assert await (await server.phone.connects(first, 2)).is_answered()


async def test_who_has_waited_long_enough_is_told_so(serving: Any) -> None:
    async with serving(capacity=1, queue_secs=60, busy_message="Please call again.") as server:
        await server.phone.calls(1)
        long_ago = f"/twilio/voice?since={time.time() - 61:.0f}"
        twiml = await server.phone.asks(long_ago, {"CallSid": f"CA{2:032x}"})
    assert [verb.tag for verb in twiml] == ["Say", "Hangup"]


async def test_a_number_that_calls_too_often_hears_the_busy_tone(serving: Any) -> None:
    async with serving(rate_per_caller="2/minute") as server:
        answers = [(await server.phone.rings(n, caller="+49301")).tag for n in (1, 2)]
        third = await server.phone.rings(3, caller="+49301")
        other = await server.phone.rings(4, caller="+49302")
    assert answers == ["Response", "Response"]
    assert third.find("Reject") is not None
    assert other.find("Connect") is not None


@pytest.mark.parametrize("caller", ["+266696687", "Anonymous", "Restricted", "anonymous"])
async def test_callers_who_withhold_their_number_do_not_keep_each_other_out(
    serving: Any, caller: str
) -> None:
    async with serving(rate_per_caller="2/minute") as server:
        answers = [await server.phone.rings(number, caller=caller) for number in range(12)]
    assert all(answer.find("Connect") is not None for answer in answers)


async def refused(call: Any) -> int | None:
    await call.ended()
    code: int | None = call.websocket.close_code
    return code


async def test_a_token_opens_one_media_stream(serving: Any) -> None:
    async with serving() as server:
        twiml = await server.phone.rings(1)
        first = await server.phone.connects(twiml, 1)
        assert await first.is_answered()
        replayed = await server.phone.connects(twiml, 1)
        assert await refused(replayed) == 1008
        assert await first.is_answered()


async def test_a_token_opens_no_other_calls_stream(serving: Any) -> None:
    async with serving() as server:
        call = await server.phone.connects(await server.phone.rings(1), 2)
        assert await refused(call) == 1008


async def test_an_expired_token_opens_nothing(serving: Any, monkeypatch: Any) -> None:
    async with serving() as server:
        twiml = await server.phone.rings(1)
        later = time.time() + 61
        monkeypatch.setattr("time.time", lambda: later)
        call = await server.phone.connects(twiml, 1)
        assert await refused(call) == 1008


@pytest.mark.parametrize("start", [{"customParameters": {}}, {"callSid": "../Conferences/CF9"}])
async def test_a_stream_without_token_or_with_a_wrong_id_is_refused(
    serving: Any, start: dict[str, Any]
) -> None:
    async with serving() as server:
        call = await server.phone.connects(await server.phone.rings(1), 1, **start)
        assert await refused(call) == 1008


async def test_silent_strangers_keep_no_caller_out(
    serving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.pipeline.server.doors.media_streams.MAX_WAITING", 3)
    async with serving() as server:
        url = f"{server.base.replace('http', 'ws')}/twilio/stream"
        strangers = [await server.session.ws_connect(url) for _ in range(9)]
        call = await server.phone.calls(1)
        assert await call.is_answered()
        codes = [(await stranger.receive()).data for stranger in strangers[:6]]
        assert codes == [1008] * 6
        for stranger in strangers:
            await stranger.close()


async def test_a_message_larger_than_any_of_twilios_ends_no_other_call(serving: Any) -> None:
    async with serving() as server:
        call, stranger = [await server.phone.calls(number) for number in (1, 2)]
        await stranger.websocket.send_str('{"event": "' + "x" * 300_000)
        assert await call.is_answered()


async def test_a_call_that_crashes_leaves_the_others_alone(serving: Any) -> None:
    async with serving() as server:
        well = await server.phone.calls(1)
        assert await well.is_answered()
        server.agent.crash = True
        await (await server.phone.calls(2)).ended()
        server.agent.crash = False
        assert await well.is_answered()
        assert await (await server.phone.calls(3)).is_answered()
        await server.metric_reaches('antiphon_calls_total{outcome="failed"', 1)


async def test_a_call_ends_after_its_longest_time_with_a_goodbye(serving: Any) -> None:
    async with serving(max_call_secs=0.2, goodbye="one two three") as server:
        call = await server.phone.calls(1)
        for _ in range(3):
            await call.hears()
        await call.ended()


async def test_a_call_in_which_nobody_speaks_ends(serving: Any) -> None:
    async with serving(idle_secs=0.2) as server:
        call = await server.phone.calls(1)
        await call.ended()
        await server.metric_reaches('antiphon_calls_total{outcome="ended"', 1)


async def test_malformed_messages_are_counted(serving: Any) -> None:
    async with serving() as server:
        call = await server.phone.calls(1)
        for garbage in ("[]", "{", '{"event": "media", "media": null}'):
            await call.websocket.send_str(garbage)
        assert await call.is_answered()
        await call.websocket.close()
        await server.metric_reaches("antiphon_messages_dropped_total", 3)


async def test_when_twilio_says_that_a_call_is_over_it_ends(serving: Any) -> None:
    async with serving() as server:
        call = await server.phone.calls(1)
        assert await call.is_answered()
        form = {"CallSid": call.call_sid, "CallStatus": "completed"}
        assert (await server.phone.post("/twilio/status", form)).status == 204
        await call.ended()


async def test_a_caller_who_hung_up_before_the_stream_frees_the_place(serving: Any) -> None:
    async with serving(capacity=1) as server:
        await server.phone.rings(1)
        form = {"CallSid": f"CA{1:032x}", "CallStatus": "canceled"}
        await server.phone.post("/twilio/status", form)
        assert (await server.phone.rings(2)).find("Connect") is not None


async def test_a_forged_status_ends_nothing(serving: Any) -> None:
    async with serving() as server:
        call = await server.phone.calls(1)
        url = f"{server.base}/twilio/status"
        form = {"CallSid": call.call_sid, "CallStatus": "completed"}
        async with server.session.post(url, data=form) as response:
            assert response.status == 403
        assert await call.is_answered()


async def test_a_request_that_is_too_large_is_refused(serving: Any) -> None:
    async with serving(max_body_bytes=2048) as server:
        response = await server.phone.post("/twilio/voice", {"CallSid": "C" * 4096})
    assert response.status == 413


async def test_a_request_that_hides_its_size_is_refused_as_well(serving: Any) -> None:
    async def chunks() -> Any:
        for _ in range(10):
            yield b"a" * 1024

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with serving(max_body_bytes=2048) as server:
        url = f"{server.base}/twilio/voice"
        try:
            async with server.session.post(url, data=chunks(), headers=form) as response:
                assert response.status == 413
        except aiohttp.ClientError:
            pass  # It was cut off while it was still sending.


async def test_why_a_media_stream_is_refused_is_counted(serving: Any) -> None:
    async with serving() as server:
        for start in ({"customParameters": {}}, {"callSid": "CA1"}):
            call = await server.phone.connects(await server.phone.rings(1), 1, **start)
            await call.ended()
        await server.metric_reaches('antiphon_calls_refused_total{reason="token"', 1)
        await server.metric_reaches('antiphon_calls_refused_total{reason="no_start"', 1)


def test_without_a_token_to_verify_with_the_door_stays_shut() -> None:
    with pytest.raises(ValueError, match="TWILIO_AUTH_TOKEN"):
        create_app(VoiceAgent(), transports=["twilio"], settings=ServerSettings())
