import psutil

from antiphon.pipeline.server.process.memory import give_back


def test_what_is_free_is_given_back_although_something_stays_above_it() -> None:
    pieces = [bytes(100_000) for _ in range(600)]
    staying = pieces.pop()
    full = psutil.Process().memory_info().rss
    pieces.clear()

    give_back()

    assert psutil.Process().memory_info().rss < full - 40_000_000
    assert len(staying) == 100_000
