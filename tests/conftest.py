import asyncio


def pytest_configure() -> None:
    # On Python 3.11 to 3.13 looptime asks for the event loop of synchronous tests too, which makes
    # one that nobody closes. Once a loop was set, even none, asking for it makes nothing.
    asyncio.set_event_loop(None)
