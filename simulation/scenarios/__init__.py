"""Scenarios: a call as data, what may go wrong in it, and what must come of it."""

from antiphon.simulation.scenarios.schema import Scenario

__all__ = ["Scenario"]
