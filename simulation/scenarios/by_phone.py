"""A scenario by phone: a door for its agent, and what cannot be judged by ear alone."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from pipecat.transports.base_transport import BaseTransport

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.worker import CallWorker
from antiphon.simulation.lines.phone_line import PhoneLine
from antiphon.simulation.lines.phones import Vendor, open_stream
from antiphon.simulation.lines.telnyx_stream import TelnyxApi, new_keys
from antiphon.simulation.recording import CallRecorder
from antiphon.simulation.scenarios.loading import ScenarioError
from antiphon.simulation.scenarios.schema import Line, NetworkSettings, Scenario

if TYPE_CHECKING:
    from antiphon.pipeline.server import ServerSettings

__all__ = ["OwnDoor", "by_ear", "on_a_poor_line"]

# Telnyx says that it does not keep the order; the others say nothing of the kind.
SWAPS = {"telnyx": 0.05}

JITTER_SECS = 0.04

LEAVE_SECS = 2
"""How long the agent may take to notice that the caller has hung up."""


class OwnDoor(PhoneLine):
    """A phone that rings our own door for a vendor on loopback."""

    def __init__(self, vendor: Vendor = "twilio", *, swaps: float = 0.0, seed: int = 0) -> None:
        """Take a free port, where the phone may ring even before the door is open.

        Args:
            vendor: Whose door.
            swaps: The share of sound and keys that the vendor delivers after the next message.
            seed: Another seed swaps others.
        """
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._vendor = vendor
        self._api = TelnyxApi()
        # What signs, and what verifies it: the same, but for Telnyx.
        secret = self._verifier = secrets.token_hex(16)
        if vendor == "telnyx":
            secret, self._verifier = new_keys()
        url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/{vendor}/voice"
        stream = open_stream(vendor, url, api=self._api, auth_token=secret, swaps=swaps, seed=seed)
        super().__init__(stream=stream)

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

    @asynccontextmanager
    async def open(self, agent: VoiceAgent, recorder: CallRecorder) -> AsyncIterator[None]:
        """Answer with an agent.

        Args:
            agent: Who answers.
            recorder: Observes the agent's pipeline.

        Raises:
            ImportError: If `antiphon[server]` or the vendor's extra is not installed.
            Exception: Whatever the agent raised when it made its worker.
        """
        try:
            import uvicorn

            from antiphon.pipeline.server import create_app
        except ImportError as error:
            raise ImportError(
                f"a call by phone needs a server: pip install 'antiphon[server,{self._vendor}]'"
            ) from error

        class Server(uvicorn.Server):
            @contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield  # they are for whoever plays the scenario

        observed = _Observed(agent, recorder)
        settings = self._settings(await self._api.open())
        app = create_app(observed, transports=[self._vendor], settings=settings)
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=LEAVE_SECS,
        )
        server = Server(config)
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving
            await self._api.close()
        if observed.error:
            raise observed.error

    def _settings(self, telnyx_api_url: str) -> "ServerSettings":
        from pydantic import SecretStr

        from antiphon.pipeline.server import ServerSettings

        secret = SecretStr(self._verifier)
        return ServerSettings(
            capacity=1,
            public_url=None,
            # Whatever the environment says, nobody is called but this phone.
            twilio_account_sid=None,
            plivo_auth_id=None,
            twilio_auth_token=secret,
            plivo_auth_token=secret,
            telnyx_api_key=secret,
            telnyx_public_key=self._verifier,
            telnyx_api_url=telnyx_api_url,
        )


class _Observed:
    """The agent, as a server takes it, with the recorder's observers in its pipeline."""

    def __init__(self, agent: VoiceAgent, recorder: CallRecorder) -> None:
        self._agent = agent
        self._recorder = recorder
        self.error: Exception | None = None

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        try:
            return self._agent.worker(transport, observers=[*self._recorder.observers], **kwargs)
        except Exception as error:
            # A server goes on after an agent that fails, and tells nobody why.
            self.error = error
            raise


def on_a_poor_line(scenario: Scenario, vendor: str) -> Scenario:
    """Return a call over a line that loses 1 % of the packets and delays others by up to 40 ms.

    What is to come within a time may come as much later.

    Args:
        scenario: The call.
        vendor: Who carries it: from Telnyx, one message in twenty comes after the next.

    Returns:
        The call, with everything else as it was.
    """
    network = NetworkSettings(loss=0.01, jitter_secs=JITTER_SECS, reorder=SWAPS.get(vendor, 0.0))
    caller = scenario.caller.model_copy(update={"network": network})
    lines = tuple(
        line.model_copy(
            update={
                "max_stop_secs": line.max_stop_secs + JITTER_SECS,
                "within_secs": line.within_secs and line.within_secs + JITTER_SECS,
            }
        )
        for line in scenario.lines
    )
    return scenario.model_copy(update={"caller": caller, "lines": lines})


def by_ear(scenario: Scenario) -> tuple[Scenario, list[str]]:
    """Return what of a scenario a caller can judge who only hears, and what such a caller cannot.

    Args:
        scenario: What is expected of an agent.

    Returns:
        The scenario without the expectations of texts and tools, and those, one phrase each.

    Raises:
        ScenarioError: If vendors fail in it, which a server elsewhere cannot be made to have.
    """
    if scenario.faults:
        raise ScenarioError(
            f"{scenario.title!r} has 'faults', which only vendors on loopback have: "
            "leave out --url, and the scenario's own agent is phoned"
        )
    told: list[str] = []
    for number, line in enumerate(scenario.lines, start=1):
        told += [f"turn {number}: {text}" for text in _unheard(line)]
    lines = [
        line.model_copy(update={"answer": None, "tool": None, "arguments": {}, "max_wer": None})
        for line in scenario.lines
    ]
    expect = scenario.expect
    told += [f'whether the agent said "{text}"' for text in expect.said]
    told += [f'whether the caller heard "{text}"' for text in expect.heard]
    told += [f'whether the agent never said "{text}"' for text in expect.never_said]
    told += [
        f"whether text {number} of 'redacted' was redacted"
        for number, _ in enumerate(expect.redacted, start=1)
    ]
    nothing: dict[str, tuple[str, ...]] = dict.fromkeys(
        ("said", "heard", "never_said", "redacted"), ()
    )
    heard = scenario.model_copy(
        update={"lines": tuple(lines), "expect": expect.model_copy(update=nothing)}
    )
    return heard, told


def _unheard(line: Line) -> Iterator[str]:
    if line.hang_up:
        return
    if line.say and line.max_wer is not None:
        yield f'whether the agent understood "{line.told}"'
    if line.answer:
        yield f'whether the answer contained "{line.answer}"'
    yield f"whether it called {line.tool}" if line.tool else "whether it called no tool"
