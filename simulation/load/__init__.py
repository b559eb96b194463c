"""Many callers at once against a server that speaks Twilio Media Streams."""

from antiphon.simulation.load.figures import CallFigures, ServerCost, Summary, measure, summarise
from antiphon.simulation.load.run import run_load

__all__ = ["CallFigures", "ServerCost", "Summary", "measure", "run_load", "summarise"]
