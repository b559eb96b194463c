"""What Prometheus is told: counts by destination and type, and ways that are open."""

from prometheus_client import CollectorRegistry, generate_latest

from antiphon.processors.redaction import RedactionCollector
from antiphon.processors.redaction.core.tally import Tally


def test_counts_failures_and_open_ways_are_told_and_what_did_not_happen_is_nought() -> None:
    process = Tally()
    call = Tally(process)
    for _ in range(2):
        call.add("model", {"CREDIT_CARD": 2, "CVV": 1})
    call.add("tools", {"CVV": 1})
    call.failed()
    call.found_open("logs: call guard_logs() before the call")
    registry = CollectorRegistry()
    registry.register(RedactionCollector(tally=process))

    told = generate_latest(registry).decode().splitlines()

    assert [line for line in told if line[0] != "#" and not line.endswith(" 0.0")] == [
        'antiphon_personal_values_total{destination="model",type="CREDIT_CARD"} 4.0',
        'antiphon_personal_values_total{destination="model",type="CVV"} 2.0',
        'antiphon_personal_values_total{destination="tools",type="CVV"} 1.0',
        "antiphon_redaction_failures_total 1.0",
        'antiphon_redaction_open_ways_total{way="logs"} 1.0',
    ]
    assert 'antiphon_redaction_open_ways_total{way="RTVI"} 0.0' in told
    assert call.by_destination() == process.by_destination()
