"""What answers calls from the internet: admission, draining, health and the doors."""

from typing import TYPE_CHECKING

from antiphon.core import lazy

if TYPE_CHECKING:
    from antiphon.pipeline.server.app import create_app
    from antiphon.pipeline.server.calls import current_call
    from antiphon.pipeline.server.choosing import IncomingCall
    from antiphon.pipeline.server.settings import ServerSettings

__all__ = ["IncomingCall", "ServerSettings", "create_app", "current_call"]

# On first use: a supervisor of workers needs no Pipecat.
__getattr__, __dir__ = lazy.exports(
    __name__,
    {
        "app": "create_app",
        "calls": "current_call",
        "choosing": "IncomingCall",
        "settings": "ServerSettings",
    },
)
