"""What answers calls from the internet: admission, draining, health and the doors."""

from antiphon.pipeline.server.app import DOORS, create_app
from antiphon.pipeline.server.calls import Agent, Call, Calls, current_call
from antiphon.pipeline.server.settings import ServerSettings

__all__ = ["DOORS", "Agent", "Call", "Calls", "ServerSettings", "create_app", "current_call"]
