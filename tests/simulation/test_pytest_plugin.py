# pytester forgets the modules that an inner test imports first; these cannot be imported twice.
import pytest

import antiphon.simulation.loop_watch
import antiphon.simulation.virtual_time  # noqa: F401

pytest_plugins = ["pytester"]


def run(pytester: pytest.Pytester, source: str) -> pytest.RunResult:
    pytester.makeini(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
        "addopts = --strict-markers -p no:hypothesispytest\n"
    )
    pytester.makepyfile(source)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider")


VIRTUAL = """
import asyncio, time
import pipecat.transports.base_output as base_output
import pytest

@pytest.mark.virtual_time
async def test_marker():
    await asyncio.sleep(7200)
    assert asyncio.get_running_loop().time() == 7200

async def test_fixture(virtual_time):
    await asyncio.sleep(1.5)
    assert virtual_time() == 1.5
    assert base_output.time is not time

@pytest.fixture
async def an_hour_later():
    await asyncio.sleep(3600)

async def test_async_fixtures_run_in_virtual_time_too(an_hour_later, virtual_time):
    assert virtual_time() == 3600

async def test_others_stay_on_real_time():
    assert base_output.time is time
    assert asyncio.get_running_loop().time() > 0
"""


def test_marker_and_fixture_give_virtual_time_to_the_test_and_its_fixtures(
    pytester: pytest.Pytester,
) -> None:
    run(pytester, VIRTUAL).assert_outcomes(passed=4)


def test_virtual_time_is_refused_where_there_is_no_loop_of_the_tests_own(
    pytester: pytest.Pytester,
) -> None:
    result = run(
        pytester,
        """
        import pytest

        @pytest.mark.virtual_time
        def test_sync(): pass

        @pytest.mark.virtual_time
        @pytest.mark.asyncio(loop_scope="module")
        async def test_shared_loop(): pass
        """,
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*test_sync has no event loop of its own*loop_scope='function'*"])


def test_a_blocked_loop_fails_the_test_and_names_the_line(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import asyncio, time
        import pytest

        async def test_blocks(unblocked_loop):
            time.sleep(0.4)  # the culprit

        @pytest.mark.loop_limit(5)
        async def test_within_its_own_limit(unblocked_loop):
            time.sleep(0.15)

        async def test_waits(unblocked_loop):
            await asyncio.sleep(0.3)

        async def test_virtual_time_may_wait_for_a_thread(unblocked_loop, virtual_time):
            await asyncio.to_thread(time.sleep, 0.3)
        """,
    )
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        ["*blocked for more than 0.1 s here*", "*time.sleep(0.4)  # the culprit*"]
    )
