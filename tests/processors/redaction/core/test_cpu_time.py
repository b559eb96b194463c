import gc
import time

from antiphon.processors.redaction.core.cpu_time import cpu_time


def test_a_collection_is_not_counted_and_work_is() -> None:
    circles: list[list[object]] = [[] for _ in range(300_000)]
    for circle in circles:
        circle.append(circle)
    before, ours = time.thread_time(), cpu_time()
    gc.collect()
    assert cpu_time() - ours < (time.thread_time() - before) / 4

    before, ours = time.thread_time(), cpu_time()
    gc.disable()
    try:
        sum(range(1_000_000))
    finally:
        gc.enable()
    assert cpu_time() - ours > (time.thread_time() - before) / 2
