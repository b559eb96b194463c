"""Browsers at their door: a token, an offer, its answer, and sound both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

KEY = {"Authorization": "Bearer key-of-the-test"}


class Browser:
    """A peer connection that offers and can be offered again, as a page's."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._connection = RTCPeerConnection()
        self._connection.addTrack(AudioStreamTrack())
        self._heard: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()
        self._connection.on("track", self._heard.set_result)

    async def offer(self, url: str, **more: Any) -> tuple[int, Any]:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        local = self._connection.localDescription
        body = {"sdp": local.sdp, "type": local.type, **more}
        async with self._session.post(url, json=body) as response:
            answer = await response.json()
        if response.status == 200:
            description = RTCSessionDescription(sdp=answer["sdp"], type=answer["type"])
            await self._connection.setRemoteDescription(description)
        return response.status, answer

    async def hears_a_tone(self) -> None:
        track = await self._heard
        while not np.any((await track.recv()).to_ndarray()):  # type: ignore[union-attr]
            pass

    async def hang_up(self) -> None:
        await self._connection.close()


@asynccontextmanager
async def browser(server: Any) -> AsyncIterator[Browser]:
    made = Browser(server.session)
    try:
        yield made
    finally:
        await made.hang_up()


async def start(server: Any, **headers: str) -> tuple[int, Any]:
    async with server.session.post(
        f"{server.base}/webrtc/start", headers={**KEY, **headers}
    ) as response:
        return response.status, await response.json()


async def post(server: Any, url: str, body: Any, **headers: str) -> int:
    async with server.session.post(url, json=body, headers=headers) as response:
        return int(response.status)


async def test_a_browser_gets_a_token_and_talks_to_the_agent(serving: Any) -> None:
    async with serving("webrtc") as server, browser(server) as caller:
        _, ticket = await start(server)
        status, answer = await caller.offer(ticket["url"])
        assert status == 200
        await caller.hears_a_tone()
        assert await server.metric('antiphon_calls_active{transport="webrtc"}') == 1
        # The same connection once more, as after a change of networks: no other call.
        again, _ = await caller.offer(ticket["url"], pc_id=answer["pc_id"])
        assert again == 200
        assert await server.metric('antiphon_calls_active{transport="webrtc"}') == 1
        await caller.hang_up()
        await server.metric_reaches('antiphon_calls_active{transport="webrtc"}', 0)
        ended = 'antiphon_calls_total{outcome="ended",transport="webrtc"}'
        assert await server.metric(ended) == 1


async def test_a_token_begins_one_call(serving: Any) -> None:
    async with serving("webrtc") as server, browser(server) as first, browser(server) as second:
        _, ticket = await start(server)
        assert (await first.offer(ticket["url"]))[0] == 200
        assert (await second.offer(ticket["url"]))[0] == 403
        assert await server.metric("antiphon_calls_active") == 1


@pytest.mark.parametrize("token", ["", "?token=", "?token=a.b", "?token=%00"])
async def test_an_offer_without_a_token_is_refused(serving: Any, token: str) -> None:
    offer = {"sdp": "v=0\r\nm=audio", "type": "offer"}
    async with serving("webrtc", rate_per_address="2/minute") as server:
        url = f"{server.base}/webrtc/offer{token}"
        assert [await post(server, url, offer) for _ in range(3)] == [403, 403, 429]


async def test_a_start_without_a_key_is_refused(serving: Any) -> None:
    async with serving("webrtc") as server:
        assert (await start(server, Authorization="Bearer guess"))[0] == 401


async def test_a_foreign_page_with_a_token_begins_no_call(serving: Any) -> None:
    offer = {"sdp": "v=0\r\nm=audio", "type": "offer"}
    async with serving("webrtc") as server:
        _, ticket = await start(server)
        assert await post(server, ticket["url"], offer, Origin="https://evil.example.com") == 403


async def test_an_offer_that_cannot_be_read_gives_its_place_back(serving: Any) -> None:
    offer = {"sdp": "v=0\r\nm=audio 9 X 0\r\na=rtpmap:0\r\n", "type": "offer"}
    async with serving("webrtc", capacity=1) as server:
        _, ticket = await start(server)
        assert (await start(server))[0] == 503
        assert await post(server, ticket["url"], offer) == 400
        assert (await start(server))[0] == 200


async def test_an_agent_that_cannot_be_made_is_told_without_its_error(serving: Any) -> None:
    async with serving("webrtc", crash=True) as server, browser(server) as caller:
        _, ticket = await start(server)
        assert await caller.offer(ticket["url"]) == (424, {"detail": "it is not set up"})
        assert await server.metric("antiphon_calls_active") == 0


async def test_candidates_of_a_connection_that_is_not_there_are_refused(serving: Any) -> None:
    async with serving("webrtc") as server:
        url, body = f"{server.base}/webrtc/offer", {"pc_id": "guess", "candidates": []}
        async with server.session.patch(url, json=body) as response:
            assert response.status == 404
