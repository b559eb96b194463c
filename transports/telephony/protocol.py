"""What the vendors of media streams call things, as data, so that one guard serves them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from antiphon.transports.telephony.line_format import PCMU, Encoding, LineFormat, described_line

__all__ = ["MediaStreamProtocol"]


@dataclass(frozen=True, kw_only=True)
class MediaStreamProtocol:
    """How one provider names things in its messages.

    Parameters:
        stream_id_key: The key of the stream's id.
        sequence_key: The key of the message's number.
        format_key: The key of the description of the sound, in the start message.
        rate_key: The key of the sample rate in it.
        encodings: The encodings that are served, by the provider's names in lower case.
        played_event: The event that says that a mark was reached.
        mark_event: The event that sets a mark.
        nested_mark: Whether a mark's name is inside an object of its own.
        audio_event: The event that plays sound.
        names_stream: Whether such an event names the stream.
        names_format: Whether such an event names the format.
        quiet_events: Events that say nothing about the caller and are passed over.
        error_event: The event that says that the provider could not use what it was sent.
        unordered_packets: How many packets of sound may wait for one that others overtook; 0 if
            the provider keeps the order.
    """

    stream_id_key: str
    sequence_key: str
    format_key: str = "mediaFormat"
    rate_key: str = "sampleRate"
    encodings: Mapping[str, Encoding] = field(
        default_factory=lambda: {"audio/x-mulaw": PCMU}, hash=False
    )
    played_event: str = "mark"
    mark_event: str = "mark"
    nested_mark: bool = True
    audio_event: str = "media"
    names_stream: bool = True
    names_format: bool = False
    quiet_events: frozenset[str] = frozenset({"stop"})
    error_event: str | None = None
    unordered_packets: int = 0

    def line(self, start: Mapping[str, Any]) -> LineFormat:
        """Read how a stream is encoded.

        Args:
            start: What the start message says of the stream.

        Returns:
            The format.

        Raises:
            UnservedFormat: If it is one that is not served, or none is told.
        """
        return described_line(
            start.get(self.format_key), encodings=self.encodings, rate_key=self.rate_key
        )

    def audio_message(self, stream_id: str, payload: str, line: LineFormat) -> dict[str, Any]:
        """Build the message that plays sound.

        Args:
            stream_id: The stream's id.
            payload: The sound in the line's format, in base64.
            line: The format.

        Returns:
            The message, to be sent as JSON.
        """
        media: dict[str, Any] = {"payload": payload}
        if self.names_format:
            (name, *_) = (n for n, each in self.encodings.items() if each is line.encoding)
            media = {"contentType": name, "sampleRate": line.rate_hz, **media}
        stream = {self.stream_id_key: stream_id} if self.names_stream else {}
        return {"event": self.audio_event, **stream, "media": media}

    def mark_message(self, stream_id: str, name: str) -> dict[str, Any]:
        """Build the message that sets a mark after the audio sent so far.

        Args:
            stream_id: The stream's id.
            name: The mark's name, which comes back when the audio before it has been played.

        Returns:
            The message, to be sent as JSON.
        """
        mark = {"mark": {"name": name}} if self.nested_mark else {"name": name}
        return {"event": self.mark_event, self.stream_id_key: stream_id, **mark}

    def mark_name(self, message: Mapping[str, Any]) -> Any:
        """Find the name in a message that says that a mark was reached.

        Args:
            message: The message; any shape.

        Returns:
            Whatever stands in the name's place, or None.
        """
        holder = message.get("mark") if self.nested_mark else message
        return holder.get("name") if isinstance(holder, Mapping) else None
