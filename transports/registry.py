"""Transports by name, so that a deployment can choose one with a string."""

from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from pipecat.transports.base_transport import BaseTransport

from antiphon.core.transport_kinds import name_kind

__all__ = ["TRANSPORTS", "TransportKind", "create_transport"]


@dataclass(frozen=True, kw_only=True)
class TransportKind:
    """Where a kind of transport is made.

    Parameters:
        target: `module:callable`; called with the options of `create_transport`.
        extra: The extra of antiphon that the module needs, if any.
    """

    target: str
    extra: str | None = None


TRANSPORTS: Mapping[str, TransportKind] = {
    "daily": TransportKind(
        target="antiphon.transports.daily:create_daily_transport", extra="daily"
    ),
    "livekit": TransportKind(
        target="antiphon.transports.livekit:create_livekit_transport", extra="livekit"
    ),
    "memory": TransportKind(target="antiphon.transports.memory:MemoryTransport"),
    "plivo": TransportKind(
        target="antiphon.transports.telephony.plivo:create_plivo_transport", extra="websocket"
    ),
    "telnyx": TransportKind(
        target="antiphon.transports.telephony.telnyx:create_telnyx_transport", extra="websocket"
    ),
    "twilio": TransportKind(
        target="antiphon.transports.telephony.twilio:create_twilio_transport", extra="twilio"
    ),
    "webrtc": TransportKind(
        target="antiphon.transports.webrtc:create_webrtc_transport", extra="webrtc"
    ),
    "websocket": TransportKind(
        target="antiphon.transports.websocket:create_websocket_transport", extra="websocket"
    ),
}


def create_transport(
    kind: str, *, kinds: Mapping[str, TransportKind] = TRANSPORTS, **options: Any
) -> BaseTransport:
    """Make a transport by its name.

    Args:
        kind: One of the keys of `kinds`.
        kinds: The kinds to choose from; add your own with `{**TRANSPORTS, "mine": …}`.
        **options: What that transport takes, such as `room_url` and `token`.

    Returns:
        The transport, to be composed between `transport.input()` and `transport.output()`.

    Raises:
        ValueError: If there is no such kind.
        ImportError: If the kind needs an extra that is not installed.
    """
    if kind not in kinds:
        raise ValueError(f"unknown transport {kind!r}: choose one of {', '.join(sorted(kinds))}")
    try:
        factory = resolve_name(kinds[kind].target)
    except ImportError as error:
        if kinds[kind].extra is None:
            raise
        raise ImportError(
            f"the {kind!r} transport needs an extra: pip install 'antiphon[{kinds[kind].extra}]'"
        ) from error
    transport: BaseTransport = factory(**options)
    name_kind(transport.output(), kind)
    return transport
