import asyncio

from antiphon.pipeline.server.loop import run


def test_the_server_runs_on_uvloop() -> None:
    async def loop() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run(loop()) == "uvloop"
