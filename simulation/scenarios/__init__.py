"""Scenarios: a call as data, what may go wrong in it, and what must come of it."""

from antiphon.simulation.scenarios.loading import (
    SHIPPED,
    ScenarioError,
    load_scenario,
    shipped_scenario,
)
from antiphon.simulation.scenarios.schema import Scenario

__all__ = ["SHIPPED", "Scenario", "ScenarioError", "load_scenario", "shipped_scenario"]
