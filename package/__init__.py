"""Processors for voice agents that real callers use; each room of the repository is a subpackage.

Nothing is imported here. Take a name from its room: `from antiphon.processors import …`.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
