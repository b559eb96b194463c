"""A LiveKit room with the agent in it, through Pipecat's own transport."""

from typing import Any

from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.livekit.transport import LiveKitParams, LiveKitTransport

__all__ = ["LiveKitRoomTransport", "create_livekit_transport"]


class LiveKitRoomTransport(LiveKitTransport):
    """Pipecat's LiveKit transport, for which the people in the room are one client together.

    `on_client_connected` comes when the first person joins, and `on_client_disconnected` when the
    last one leaves or the room closes. Pipecat's own `on_participant_connected` and
    `on_participant_disconnected` come for each.
    """

    def __init__(self, url: str, token: str, room_name: str, params: LiveKitParams) -> None:
        """Create the transport.

        Args:
            url: The server.
            token: The agent's token.
            room_name: The room, for logs: the token says which one it is.
            params: Pipecat's parameters.
        """
        super().__init__(url, token, room_name, params)
        self._people: set[str] = set()
        self._occupied = False

    async def _call_event_handler(self, event_name: str, *args: Any, **kwargs: Any) -> None:
        match event_name:
            case "on_participant_connected":
                self._people.add(args[0])
            case "on_participant_disconnected":
                self._people.discard(args[0])
            case "on_client_connected" if self._occupied:
                return
            case "on_client_connected":
                self._occupied = True
            case "on_client_disconnected" if self._people or not self._occupied:
                return
            case "on_client_disconnected":
                self._occupied = False
            case _:
                pass
        await super()._call_event_handler(event_name, *args, **kwargs)
        if event_name == "on_disconnected" and self._people:
            last = {"id": self._people.pop()}
            self._people.clear()
            await self._call_event_handler("on_client_disconnected", last)


def create_livekit_transport(
    *, url: str, token: str, room_name: str, params: LiveKitParams | None = None
) -> BaseTransport:
    """Make the transport of one room.

    Args:
        url: The server, `wss://…`.
        token: The agent's token, which names the room and the agent.
        room_name: The room, as logs call it.
        params: Pipecat's parameters; by default audio in and out, of all people as one track.

    Returns:
        The transport.

    Raises:
        ValueError: If the address is none of a server, or a token or name is missing.
    """
    if not url.startswith(("ws://", "wss://", "http://", "https://")):
        raise ValueError(f"url={url!r} is no LiveKit server: give wss://…")
    for name, value in (("token", token), ("room_name", room_name)):
        if not value:
            raise ValueError(f"{name} is empty: a LiveKit room is joined with a token of its own")
    params = params or LiveKitParams(
        audio_in_enabled=True, audio_out_enabled=True, audio_in_user_tracks=False
    )
    return LiveKitRoomTransport(url, token, room_name, params)
