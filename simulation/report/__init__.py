"""The page that shows a call."""

from antiphon.simulation.report.report import write_report

__all__ = ["write_report"]
