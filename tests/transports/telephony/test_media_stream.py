"""What the guard of a media stream lets through."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.transports.telephony.media_stream import DropReason, MediaStreamGuard
from antiphon.transports.telephony.plivo import PLIVO
from antiphon.transports.telephony.protocol import MediaStreamProtocol
from antiphon.transports.telephony.telnyx import TELNYX
from antiphon.transports.telephony.twilio import TWILIO

STREAM = "MZ" + "0" * 32
SOUND = {"track": "inbound", "chunk": "1", "timestamp": "5", "payload": "f39/"}
HEARD = b"\x7f\x7f\x7f"


def guard(protocol: MediaStreamProtocol = TWILIO) -> MediaStreamGuard:
    return MediaStreamGuard(protocol=protocol, stream_id=STREAM)


def message(event: Any = "media", **fields: Any) -> str:
    return json.dumps({"event": event, "streamSid": STREAM, **fields})


@pytest.mark.parametrize(
    "data",
    [
        message(media=SOUND),
        message(media={"payload": "f39/"}),
        message(media=SOUND, sequenceNumber="4"),
        json.dumps({"event": "media", "media": SOUND}),
        " " + message(media=SOUND),
        message(media=SOUND) + "\n",
        message(media=SOUND).ljust(16_384),
        message(media={**SOUND, "timestamp": float("nan")}),
    ],
)
def test_the_callers_sound_goes_through(data: str) -> None:
    assert guard().check(data) == HEARD


@pytest.mark.parametrize(
    "data",
    [
        message("dtmf", dtmf={"track": "inbound_track", "digit": "#"}),
        message("stop", stop={"callSid": "CA1"}),
    ],
)
def test_a_message_without_sound_goes_through(data: str) -> None:
    assert guard().check(data) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", DropReason.BAD_JSON),
        ("{", DropReason.BAD_JSON),
        ("{}}", DropReason.BAD_JSON),
        ("[" * 10_000, DropReason.BAD_JSON),
        ('{"event": "media", "n": ' + "9" * 5000 + "}", DropReason.BAD_JSON),
        ("[]", DropReason.NOT_AN_OBJECT),
        ('"x"', DropReason.NOT_AN_OBJECT),
        ("null", DropReason.NOT_AN_OBJECT),
        ("{}", DropReason.UNKNOWN_EVENT),
        (json.dumps({"media": SOUND}), DropReason.UNKNOWN_EVENT),
        (message("hello"), DropReason.UNKNOWN_EVENT),
        (message(None), DropReason.UNKNOWN_EVENT),
        (message({"a": 1}), DropReason.UNKNOWN_EVENT),
        (message(["media"]), DropReason.UNKNOWN_EVENT),
        (message("start", start={}), DropReason.UNEXPECTED_EVENT),
        (message("connected"), DropReason.UNEXPECTED_EVENT),
        (message(media=SOUND, streamSid="MZ" + "1" * 32), DropReason.WRONG_STREAM),
        (message(media=SOUND, streamSid=None), DropReason.WRONG_STREAM),
        (message(media=SOUND, streamSid=[]), DropReason.WRONG_STREAM),
        (message(), DropReason.BAD_PAYLOAD),
        (message(media=None), DropReason.BAD_PAYLOAD),
        (message(media="f39/"), DropReason.BAD_PAYLOAD),
        (message(media={}), DropReason.BAD_PAYLOAD),
        (message(media={"payload": 5}), DropReason.BAD_PAYLOAD),
        (message(media={"payload": ""}), DropReason.BAD_PAYLOAD),
        (message(media={"payload": "f39"}), DropReason.BAD_PAYLOAD),
        (message(media={"payload": "f3 9/"}), DropReason.BAD_PAYLOAD),
        (message(media={"payload": "ü" * 4}), DropReason.BAD_PAYLOAD),
        (message(media={"payload": "", "timestamp": float("nan")}), DropReason.BAD_PAYLOAD),
        (message(media={"payload": "A" * 20_000}), DropReason.TOO_LARGE),
        (message(media=SOUND).ljust(16_385), DropReason.TOO_LARGE),
        (message(media={**SOUND, "track": "outbound"}), DropReason.WRONG_TRACK),
        (message("dtmf", dtmf=None), DropReason.BAD_DIGIT),
        (message("dtmf", dtmf={"digit": "12"}), DropReason.BAD_DIGIT),
        (message("dtmf", dtmf={"digit": 1}), DropReason.BAD_DIGIT),
        (message("dtmf", dtmf={"digit": ""}), DropReason.BAD_DIGIT),
        (message("mark"), DropReason.UNKNOWN_MARK),
        (message("mark", mark={"name": 3}), DropReason.UNKNOWN_MARK),
        (message("mark", mark=["p1"]), DropReason.UNKNOWN_MARK),
        (message(media=SOUND, sequenceNumber="four"), DropReason.WRONG_SEQUENCE),
        (message(media=SOUND, sequenceNumber={}), DropReason.WRONG_SEQUENCE),
        (message(media=SOUND, sequenceNumber="9" * 5000), DropReason.WRONG_SEQUENCE),
    ],
)
def test_a_malformed_message_has_a_reason(data: str, reason: DropReason) -> None:
    assert guard().check(data) is reason


def numbered(number: int) -> str:
    return message(media=SOUND, sequenceNumber=str(number))


def test_a_repeated_or_older_number_is_dropped() -> None:
    stream = guard()
    verdicts = [stream.check(numbered(n)) for n in (1, 2, 3, 3, 1, 4)]
    assert [v == HEARD for v in verdicts] == [True, True, True, False, False, True]


def test_a_gap_in_the_numbers_is_a_loss_and_no_error() -> None:
    stream = guard()
    assert [stream.check(numbered(n)) for n in (1, 2, 900, 3900)] == [HEARD] * 4
    assert stream.check(numbered(6901)) is DropReason.WRONG_SEQUENCE


def test_one_forged_number_does_not_make_the_call_deaf() -> None:
    stream = guard()
    stream.check(numbered(10))
    assert stream.check(numbered(10**9)) is DropReason.WRONG_SEQUENCE
    assert stream.check(numbered(11)) == HEARD


def test_even_a_run_of_forged_numbers_costs_the_caller_one_message() -> None:
    stream = guard()
    stream.check(numbered(10))
    for forged in (10**9, 10**9 + 1, 10**9 + 2):
        stream.check(numbered(forged))
    assert [stream.check(numbered(n)) for n in (11, 12, 13)] == [
        DropReason.WRONG_SEQUENCE,
        HEARD,
        HEARD,
    ]


def test_a_forged_number_before_every_message_does_not_make_the_call_deaf() -> None:
    stream = guard()
    heard = 0
    for number in range(1, 101):
        stream.check(numbered(number + 2000))
        heard += stream.check(numbered(number)) == HEARD
    assert heard >= 50


def test_a_dropped_message_does_not_count() -> None:
    stream = guard()
    stream.check(numbered(1))
    stream.check(message(media=None, sequenceNumber="500"))
    assert stream.check(numbered(2)) == HEARD


def test_a_packet_that_another_overtook_is_heard() -> None:
    stream = guard()
    assert [stream.check(numbered(n)) for n in (1, 3, 2, 4)] == [HEARD] * 4


def telnyx(number: int, event: str = "media", **fields: Any) -> str:
    about = fields or {"media": {"payload": "f39/"}}
    return json.dumps(
        {"event": event, "stream_id": STREAM, "sequence_number": str(number), **about}
    )


def test_telnyx_sound_waits_for_what_it_overtook_and_keys_wait_for_nothing() -> None:
    stream = guard(TELNYX)
    key = {"dtmf": {"digit": "4"}}
    assert stream.check(telnyx(2)) == HEARD
    assert stream.check(telnyx(4)) == b""
    assert stream.check(telnyx(5, "dtmf", **key)) is None
    assert stream.check(telnyx(3)) == HEARD * 2
    assert stream.check(telnyx(7)) == b""
    assert stream.check(telnyx(6, "mark", mark={"name": "p1"})) is None
    assert stream.check(telnyx(8)) == HEARD * 2


@pytest.mark.parametrize("late", [1, 5, 90])
def test_a_key_that_sound_overtook_is_pressed(late: int) -> None:
    stream = guard()
    for number in (1, *range(3, 3 + late)):
        stream.check(numbered(number))
    assert stream.check(message("dtmf", dtmf={"digit": "2"}, sequenceNumber="2")) is None


def test_a_key_that_comes_twice_is_pressed_once() -> None:
    stream = guard()
    keys = [message("dtmf", dtmf={"digit": "2"}, sequenceNumber=n) for n in ("4", "9", "4", "9")]
    assert [stream.check(key) for key in keys] == [None, None, *[DropReason.WRONG_SEQUENCE] * 2]


def test_a_key_without_a_number_that_makes_sense_is_pressed() -> None:
    stream = guard()
    stream.check(numbered(10))
    numbers: list[Any] = [None, "two", {}, 1e400, 10, -5, 10**9]
    for number in numbers:
        key = message("dtmf", dtmf={"digit": "2"}, sequenceNumber=number)
        assert stream.check(key) is None
    assert stream.check(numbered(11)) == HEARD


def test_plivo_numbers_what_it_cleared_0_each_time_and_that_is_not_wrong() -> None:
    stream = guard(PLIVO)
    for number in range(1, 400):
        sound = {"event": "media", "sequenceNumber": number, "media": {"payload": "f39/"}}
        cleared = {"event": "clearedAudio", "sequenceNumber": 0, "streamId": STREAM}
        assert stream.check(json.dumps(sound)) == HEARD
        assert stream.check(json.dumps(cleared)) is None


@pytest.mark.parametrize(
    ("protocol", "sent", "returned"),
    [
        (
            TWILIO,
            {"event": "mark", "streamSid": STREAM, "mark": {"name": "p1"}},
            {"event": "mark", "streamSid": STREAM, "mark": {"name": "p1"}},
        ),
        (
            TELNYX,
            {"event": "mark", "stream_id": STREAM, "mark": {"name": "p1"}},
            {"event": "mark", "stream_id": STREAM, "mark": {"name": "p1"}},
        ),
        (
            PLIVO,
            {"event": "checkpoint", "streamId": STREAM, "name": "p1"},
            {"event": "playedStream", "streamId": STREAM, "name": "p1"},
        ),
    ],
)
def test_each_provider_has_its_own_mark(
    protocol: MediaStreamProtocol, sent: dict[str, Any], returned: dict[str, Any]
) -> None:
    assert protocol.mark_message(STREAM, "p1") == sent
    assert guard(protocol).check(json.dumps(returned)) is None
    assert protocol.mark_name(returned) == "p1"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)
binary = st.binary().map(lambda data: data.decode(errors="replace"))
messages = st.fixed_dictionaries(
    {},
    optional={
        "event": st.sampled_from(["media", "dtmf", "mark", "stop", "start"]) | json_values,
        "streamSid": st.just(STREAM) | json_values,
        "sequenceNumber": json_values,
        "media": json_values | st.dictionaries(st.sampled_from(list(SOUND)), json_values),
        "dtmf": json_values,
        "mark": json_values,
    },
)


@given(st.lists(messages.map(json.dumps) | st.text() | binary))
def test_whatever_comes_there_is_a_verdict_and_the_caller_is_still_heard(
    garbage: list[str],
) -> None:
    stream = guard()
    for data in garbage:
        stream.check(data)
    verdicts = [stream.check(numbered(10**6 + n)) for n in range(3)]
    assert verdicts[1:] == [HEARD, HEARD]
