"""The metrics of many processes are one."""

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from antiphon.pipeline.server.metrics import CallMetrics
from antiphon.pipeline.server.process.metrics_merge import counted, merge_metrics


def metrics_of(*, calls: int, seconds: float, active: int) -> str:
    metrics = CallMetrics()
    metrics.ended.labels("twilio", "ended").inc(calls)
    metrics.seconds.observe(seconds)
    metrics.active.labels("twilio").set(active)
    metrics.capacity.set(20)
    return generate_latest(metrics.registry).decode()


def values(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


ONE = metrics_of(calls=2, seconds=10, active=3)
OTHER = metrics_of(calls=5, seconds=40, active=1)


def test_counts_add_up_and_what_all_say_of_the_whole_stays() -> None:
    merged = values(merge_metrics([ONE, OTHER]))
    assert merged["antiphon_calls_totalendedtwilio"] == 7
    assert merged["antiphon_calls_activetwilio"] == 4
    assert merged["antiphon_calls_capacity"] == 20


def test_histograms_add_up_bucket_by_bucket_in_order() -> None:
    merged = merge_metrics([ONE, OTHER])
    buckets = [line for line in merged.splitlines() if "duration_seconds_bucket" in line]
    assert [line.rpartition(" ")[2] for line in buckets] == ["0.0", "1.0", "1.0", *["2.0"] * 7]
    assert values(merged)["antiphon_call_duration_seconds_sum"] == 50


def test_labels_that_only_one_process_knows_are_kept() -> None:
    only_here = ONE.replace('transport="twilio"', 'transport="daily"')
    merged = values(merge_metrics([only_here, OTHER]))
    assert merged["antiphon_calls_totaldailyended"] == 2
    assert merged["antiphon_calls_totalendedtwilio"] == 5


def test_what_a_process_counted_outlives_it_and_its_gauges_do_not() -> None:
    merged = values(merge_metrics([counted(ONE), OTHER]))
    assert merged["antiphon_calls_totalendedtwilio"] == 7
    assert merged["antiphon_calls_activetwilio"] == 1


def test_a_merge_can_be_merged_again() -> None:
    assert merge_metrics([merge_metrics([ONE, OTHER]), ""]) == merge_metrics([ONE, OTHER])
