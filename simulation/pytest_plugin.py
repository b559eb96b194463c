"""The pytest plugin: tests in virtual time, and tests that may not block the loop.

Installed with antiphon; pytest-asyncio runs the tests. Nothing heavy is imported until a test
asks for it.
"""

import asyncio
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest

__all__: list[str] = []

_MARKER = "virtual_time"
_LOOP_LIMIT_SECS = 0.1
_LOOP = pytest.StashKey[asyncio.AbstractEventLoop]()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    config.addinivalue_line(
        "markers", f"{_MARKER}: run this async test, and Pipecat's clocks in it, in virtual time"
    )
    config.addinivalue_line(
        "markers",
        "loop_limit(seconds): the longest the unblocked_loop fixture lets the loop be blocked",
    )


class VirtualNow:
    """The virtual time of the test that asked for the `virtual_time` fixture."""

    def __call__(self) -> float:
        """Return the seconds since the test's loop began."""
        return asyncio.get_running_loop().time()


@pytest.fixture
def virtual_time() -> VirtualNow:
    """Run this test in virtual time; call the value for the present second."""
    return VirtualNow()


@pytest.fixture
def unblocked_loop() -> None:
    """Fail this async test if it blocks its event loop for longer than 0.1 s of real time.

    `@pytest.mark.loop_limit(0.5)` sets another limit.
    """


def _wants_virtual_time(node: Any) -> bool:
    return isinstance(node, pytest.Function) and (
        _MARKER in node.fixturenames or node.get_closest_marker(_MARKER) is not None
    )


# pytest-asyncio makes a test's loop in a fixture; time must be virtual before the test's own
# async fixtures run on it.
@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """Make the loop of a test that asked for it virtual, as soon as there is a loop."""
    result: Any = yield
    if isinstance(result, asyncio.Runner) and isinstance(request.node, pytest.Function):
        loop = result.get_loop()
        request.node.stash[_LOOP] = loop
        if _wants_virtual_time(request.node):
            from antiphon.simulation.virtual_time import make_virtual

            stack = ExitStack()
            stack.enter_context(make_virtual(loop))
            fixturedef.addfinalizer(stack.close)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Watch the loop of a test that asked for it; refuse what a test could not be given."""
    watched = "unblocked_loop" in pyfuncitem.fixturenames
    asked_for = "virtual_time" if _wants_virtual_time(pyfuncitem) else "unblocked_loop"
    loop = pyfuncitem.stash.get(_LOOP, None)
    if loop is None and (watched or _wants_virtual_time(pyfuncitem)):
        pytest.fail(
            f"{asked_for}: {pyfuncitem.name} has no event loop of its own; it must be an "
            "`async def` test run by pytest-asyncio with loop_scope='function'",
            pytrace=False,
        )
    if not watched or loop is None:
        return (yield)
    from antiphon.simulation.loop_watch import watch_loop

    marker = pyfuncitem.get_closest_marker("loop_limit")
    with watch_loop(loop, limit_secs=marker.args[0] if marker else _LOOP_LIMIT_SECS) as blocks:
        result = yield
    if blocks:
        pytest.fail(str(blocks[0]), pytrace=False)
    return result
