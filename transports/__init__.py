"""Transports, chosen by name when a pipeline is composed."""

from antiphon.transports.memory import Clock, MemoryTransport, PlayedAudio
from antiphon.transports.registry import TRANSPORTS, TransportKind, create_transport

__all__ = [
    "TRANSPORTS",
    "Clock",
    "MemoryTransport",
    "PlayedAudio",
    "TransportKind",
    "create_transport",
]
