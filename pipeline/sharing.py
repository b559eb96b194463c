"""Refuses to share between calls what holds the state of one.

A processor has one neighbour on either side, so the second pipeline that it is put into takes it
out of the first: each caller would hear what was meant for the other, or nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from weakref import WeakKeyDictionary, ref

from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import BaseTransport

from antiphon.pipeline.providers.kinds import Place, Service, ServiceKind, UnusableService

__all__ = ["claim", "refuse_another_kind", "settle"]

# The neighbours that each service of a call was given, and what is inside it: a second pipeline or
# switcher around it has taken it away from them before the second call is composed.
_placed: WeakKeyDictionary[FrameProcessor, tuple[ref[FrameProcessor], ref[FrameProcessor]]] = (
    WeakKeyDictionary()
)


def claim(
    transport: BaseTransport,
    services: Mapping[Place, FrameProcessor],
    *,
    given: Mapping[Place, Service],
) -> None:
    """Take what a call is composed of, before any of it is put into the call's pipeline.

    Args:
        transport: Where the caller is.
        services: The services.
        given: What the agent was given in their places.

    Raises:
        UnusableService: If another call has one of the services, or something inside it, or if one
            is of another kind.
        ValueError: If another call has the transport.
        TypeError: If it is none.
    """
    if not isinstance(transport, BaseTransport):
        raise TypeError(f"{transport!r} is no transport: give create_transport('memory') or such")
    for end in (transport.input(), transport.output()):
        if end.next or end.previous:
            raise ValueError(f"{transport} has served a call: make another transport for each call")
    for kind, service in services.items():
        refuse_another_kind(kind, service)
        others = [other for place, other in services.items() if place is not kind]
        shared = [part for part in _whole(service) if part in _placed]
        for part in shared:
            _put_back(part)
        if service.next or service.previous or service in others:
            shared.append(service)
        if shared:
            raise UnusableService(_told(kind, shared[-1], given[kind]))


def settle(processors: Sequence[FrameProcessor], services: Collection[FrameProcessor]) -> None:
    """Remember where a call has its services.

    Args:
        processors: The call's pipeline.
        services: Those of them that a second call could share.
    """
    for before, part, after in zip(processors, processors[1:], processors[2:], strict=False):
        if part in services:
            _placed[part] = (ref(before), ref(after))
            for inner in _inner(part):
                if inner.previous and inner.next:
                    _placed[inner] = (ref(inner.previous), ref(inner.next))


def refuse_another_kind(kind: Place, service: FrameProcessor) -> None:
    """Refuse a service of another kind than its place; what is of none is not judged.

    Args:
        kind: The place.
        service: The service.

    Raises:
        UnusableService: If it is for another place.
    """
    announce = getattr(service, "service_metadata_frame", None)
    speaks = bool(announce and getattr(announce(), "is_realtime_service", False))
    if kind == "realtime" and not speaks:
        raise UnusableService(
            f"realtime={service} is no speech-to-speech model, which hears and speaks itself: "
            "give it as stt, llm or tts"
        )
    if kind is ServiceKind.LLM and speaks:
        raise UnusableService(
            f"llm={service} is a speech-to-speech model, which hears and speaks itself: "
            "give it as realtime, without stt and tts"
        )
    # By name, as importing the services costs a second.
    bases = {place: f"{place.upper()}Service" for place in ServiceKind}
    names = {cls.__name__ for cls in type(service).__mro__}
    found = [place for place, base in bases.items() if base in names]
    if found and kind not in found and kind in bases:
        raise UnusableService(
            f"{kind}={service} is of the kind {bases[found[0]]}: give it as {found[0]}, "
            f"and one of the kind {kind.upper()}Service here"
        )


def _whole(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    yield processor
    yield from _inner(processor)


def _inner(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    for part in processor.processors:
        yield from _whole(part)


def _put_back(part: FrameProcessor) -> None:
    before, after = (neighbour() for neighbour in _placed[part])
    if before and after:
        before.link(part)
        part.link(after)


def _told(kind: Place, service: FrameProcessor, given: Service) -> str:
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
