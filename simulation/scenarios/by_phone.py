"""A scenario by phone: a door for its agent, and what cannot be judged by ear alone."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pipecat.transports.base_transport import BaseTransport

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.worker import CallWorker
from antiphon.simulation.lines.phone_line import PhoneLine
from antiphon.simulation.recording import CallRecorder
from antiphon.simulation.scenarios.loading import ScenarioError
from antiphon.simulation.scenarios.schema import Line, Scenario

__all__ = ["OwnDoor", "by_ear"]

LEAVE_SECS = 2
"""How long the agent may take to notice that the caller has hung up."""


class OwnDoor(PhoneLine):
    """A phone that rings our own Twilio door on loopback."""

    def __init__(self) -> None:
        """Take a free port, where the phone may ring even before the door is open."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._token = secrets.token_hex(16)
        port = self._socket.getsockname()[1]
        super().__init__(f"http://127.0.0.1:{port}/twilio/voice", auth_token=self._token)

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
            ImportError: If `antiphon[server,twilio]` is not installed.
            Exception: Whatever the agent raised when it made its worker.
        """
        try:
            import uvicorn
            from pydantic import SecretStr

            from antiphon.pipeline.server import ServerSettings, create_app
        except ImportError as error:
            raise ImportError(
                "a call by phone needs a server: pip install 'antiphon[server,twilio]'"
            ) from error

        class Server(uvicorn.Server):
            @contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield  # they are for whoever plays the scenario

        observed = _Observed(agent, recorder)
        settings = ServerSettings(
            capacity=1,
            public_url=None,
            twilio_account_sid=None,
            twilio_auth_token=SecretStr(self._token),
        )
        app = create_app(observed, transports=["twilio"], settings=settings)
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
        if observed.error:
            raise observed.error


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
