"""What may come in over a telephony media stream, decided message by message.

In Pipecat 1.14 one malformed message raises inside the serializer and thereby ends the call. Here
each message is looked at first, and a bad one has a reason by which it is counted and dropped.
"""

import binascii
import json
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Literal

import msgspec

from antiphon.transports.telephony.order import StreamOrder
from antiphon.transports.telephony.protocol import MediaStreamProtocol

__all__ = [
    "MESSAGE_FILTER",
    "DropReason",
    "MediaStreamGuard",
    "MessageFilter",
]

# Sees each message as it comes from the socket, and says what is delivered instead, if anything.
MessageFilter = Callable[[str | bytes], str | bytes | None]

# The extension of an ASGI scope by which a server lets a transport attach one.
MESSAGE_FILTER = "antiphon.message_filter"

DIGITS = frozenset("0123456789*#")
REMEMBERED_KEYS = 32

# A whole second of mu-law in base64 is 10,667 characters; the providers send 20 ms at a time.
MAX_MESSAGE_CHARS = 16_384


class DropReason(StrEnum):
    """Why a message was dropped."""

    TOO_LARGE = "too_large"
    BAD_JSON = "bad_json"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_EVENT = "unknown_event"
    UNEXPECTED_EVENT = "unexpected_event"
    WRONG_STREAM = "wrong_stream"
    WRONG_SEQUENCE = "wrong_sequence"
    WRONG_TRACK = "wrong_track"
    BAD_PAYLOAD = "bad_payload"
    BAD_DIGIT = "bad_digit"
    UNKNOWN_MARK = "unknown_mark"
    REFUSED = "refused"
    TOO_FAST = "too_fast"


class MediaStreamGuard:
    """Checks the messages of one stream, which has already started.

    Example::

        guard = MediaStreamGuard(protocol=TWILIO, stream_id="MZ…")
        guard.check('{"event": "media", "media": null}')   # DropReason.BAD_PAYLOAD
    """

    def __init__(
        self, *, protocol: MediaStreamProtocol, stream_id: str, sample_bytes: int = 1
    ) -> None:
        """Create the guard.

        Args:
            protocol: The provider's names.
            stream_id: The only stream whose messages are let through.
            sample_bytes: The length of a sample on the wire; half a one would turn all that
                follows into noise.
        """
        self._protocol = protocol
        self._stream_id = stream_id
        self._sound = _sound_decoder(protocol)
        self._sample_bytes = sample_bytes
        self._order = StreamOrder(packets=protocol.unordered_packets)
        # A key is taken as it comes, but not twice.
        self._keys: deque[int] = deque(maxlen=REMEMBERED_KEYS)

    def check(self, data: str, *, now: float = 0.0) -> DropReason | bytes | None:
        """Check one message.

        Args:
            data: The message as it came.
            now: The time in seconds.

        Returns:
            The reason to drop it, or the audio that may be heard now, as the network encoded it:
            its own and what has waited for it, or nothing while it waits itself; or None: it is
            sound, and the serializer may read it.
        """
        if len(data) > MAX_MESSAGE_CHARS:
            return DropReason.TOO_LARGE
        try:
            sound = self._sound.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self._judge(data, now)
        if sound.stream_id not in (msgspec.UNSET, self._stream_id):
            return DropReason.WRONG_STREAM
        return self._heard(sound.media.payload, sound.number, now)

    def _judge(self, data: str, now: float) -> DropReason | bytes | None:
        """Check what is not plainly sound, and find out what it is."""
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            return DropReason.BAD_JSON
        if not isinstance(message, dict):
            return DropReason.NOT_AN_OBJECT
        if message.get(self._protocol.stream_id_key, self._stream_id) != self._stream_id:
            return DropReason.WRONG_STREAM
        verdict = self._check_event(message)
        number = message.get(self._protocol.sequence_key)
        if isinstance(verdict, DropReason):
            return verdict  # what is dropped anyway does not move the count
        if verdict is not None:
            return self._heard(verdict, number, now)
        if (number := _whole(number)) is not None:
            if message["event"] == "dtmf":
                if number in self._keys:
                    return DropReason.WRONG_SEQUENCE
                self._keys.append(number)
            self._order.passes(number)
        return None

    def _heard(self, audio: bytes, number: Any, now: float) -> DropReason | bytes:
        if not audio or len(audio) % self._sample_bytes:
            return DropReason.BAD_PAYLOAD
        if number is None:
            return audio
        number = _whole(number)
        heard = None if number is None else self._order.sound(number, audio, now=now)
        return DropReason.WRONG_SEQUENCE if heard is None else heard

    def _check_event(self, message: Mapping[str, Any]) -> DropReason | bytes | None:
        event = message.get("event")
        if event == "media":
            return _check_media(message.get("media"))
        if event == "dtmf":
            return _check_dtmf(message.get("dtmf"))
        if event == self._protocol.played_event:
            name = self._protocol.mark_name(message)
            return None if isinstance(name, str) else DropReason.UNKNOWN_MARK
        if event in ("connected", "start"):
            return DropReason.UNEXPECTED_EVENT
        if isinstance(event, str) and event in self._protocol.quiet_events:
            return None
        return DropReason.UNKNOWN_EVENT


class _Media(msgspec.Struct):
    payload: bytes  # base64 on the wire
    track: Literal["inbound"] = "inbound"


@cache
def _sound_decoder(protocol: MediaStreamProtocol) -> msgspec.json.Decoder[Any]:
    """Decode and check sound, which nearly all messages are, at a third of the cost of judging."""
    sound = msgspec.defstruct(
        "Sound",
        [
            ("event", Literal["media"]),
            ("media", _Media),
            ("stream_id", str | msgspec.UnsetType, msgspec.UNSET),
            ("number", Any, None),
        ],
        rename={"stream_id": protocol.stream_id_key, "number": protocol.sequence_key},
    )
    return msgspec.json.Decoder(sound)


def _check_media(media: Any) -> DropReason | bytes:
    if not isinstance(media, dict):
        return DropReason.BAD_PAYLOAD
    if media.get("track", "inbound") != "inbound":
        return DropReason.WRONG_TRACK
    payload = media.get("payload")
    if not isinstance(payload, str) or not payload:
        return DropReason.BAD_PAYLOAD
    try:
        return binascii.a2b_base64(payload, strict_mode=True)
    except ValueError:
        return DropReason.BAD_PAYLOAD


def _whole(number: Any) -> int | None:
    try:
        return int(number)
    except (TypeError, ValueError, OverflowError):
        return None


def _check_dtmf(dtmf: Any) -> DropReason | None:
    digit = dtmf.get("digit") if isinstance(dtmf, dict) else None
    return None if isinstance(digit, str) and digit in DIGITS else DropReason.BAD_DIGIT
