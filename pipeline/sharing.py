"""Refuses to share between calls what holds the state of one.

A processor has one neighbour on either side, so the second pipeline that it is put into takes it
out of the first: each caller would hear what was meant for the other, or nothing.
"""

from collections.abc import Iterator, Mapping
from weakref import WeakKeyDictionary, ref

from antiphon.pipeline.providers import Service, ServiceKind, UnusableService
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import BaseTransport

__all__ = ["claim"]

# What is inside a switcher has neighbours before any call has it, so these are kept.
_inside: WeakKeyDictionary[FrameProcessor, tuple[ref[FrameProcessor], ref[FrameProcessor]]] = (
    WeakKeyDictionary()
)


def claim(
    transport: BaseTransport,
    services: Mapping[ServiceKind, FrameProcessor],
    *,
    given: Mapping[ServiceKind, Service],
) -> None:
    """Take what a call is composed of, before any of it is put into the call's pipeline.

    Args:
        transport: Where the caller is.
        services: The services.
        given: What the agent was given in their places.

    Raises:
        UnusableService: If another call has one of the services, or something inside it.
        ValueError: If another call has the transport.
    """
    for end in (transport.input(), transport.output()):
        if end.next or end.previous:
            raise ValueError(f"{transport} has served a call: make another transport for each call")
    inner: list[FrameProcessor] = []
    for kind, service in services.items():
        others = [other for place, other in services.items() if place is not kind]
        parts = list(_inner(service))
        shared = [part for part in parts if part in _inside]
        for part in shared:
            # The switcher that was made for this call has already taken it out of the other.
            _put_back(part)
        if service.next or service.previous or service in others:
            shared.append(service)
        if shared:
            raise UnusableService(_told(kind, shared[-1], given[kind]))
        inner += parts
    for part in inner:
        if part.previous and part.next:
            _inside[part] = (ref(part.previous), ref(part.next))


def _inner(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    for part in processor.processors:
        yield part
        yield from _inner(part)


def _put_back(part: FrameProcessor) -> None:
    before, after = (neighbour() for neighbour in _inside[part])
    if before and after:
        before.link(part)
        part.link(after)


def _told(kind: ServiceKind, service: FrameProcessor, given: Service) -> str:
    name = type(service).__name__
    if isinstance(given, FrameProcessor):
        return (
            f"{kind}={service} has served a call: give the name of a provider, the class {name}, "
            f"or a function that makes one for each call, such as lambda: {name}(…)"
        )
    return (
        f"{kind}={getattr(given, '__qualname__', given)} returned {service}, which has served "
        f"a call: it must make a new {name} each time"
    )
