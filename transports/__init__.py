"""Transports, chosen by name when a pipeline is composed."""

from antiphon.transports.memory import MemoryTransport
from antiphon.transports.registry import TRANSPORTS, TransportKind, create_transport

__all__ = [
    "TRANSPORTS",
    "MemoryTransport",
    "TransportKind",
    "create_transport",
]
