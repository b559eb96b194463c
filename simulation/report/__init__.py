"""The page that shows a call."""

from antiphon.simulation.report.report import render_report, write_report

__all__ = ["render_report", "write_report"]
