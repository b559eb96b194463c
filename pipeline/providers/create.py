"""Makes services for calls: by name, or by a class or function."""

import inspect
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pipecat.processors.frame_processor import FrameProcessor

from antiphon.pipeline.providers.embedded import (
    create_order_desk,
    in_full,
    is_order_desk,
    prepare_order_desk,
    require_embedded,
)
from antiphon.pipeline.providers.environment import Environment
from antiphon.pipeline.providers.kinds import (
    MissingVariable,
    NamedService,
    Place,
    ServiceKind,
    UnusableService,
)
from antiphon.pipeline.providers.registry import Provider, find_provider
from antiphon.pipeline.providers.session import with_session
from antiphon.pipeline.providers.vendors import KEY_PAGES
from antiphon.pipeline.providers.words import Vocabulary

__all__ = ["check_service", "create_service", "make_service"]


def check_service(kind: ServiceKind, named: NamedService, environment: Environment) -> None:
    """Refuse a name by which no service could be made.

    Args:
        kind: Which place in the pipeline it takes.
        named: The name and the settings.
        environment: Keys, addresses, models and voices.

    Raises:
        ValueError: If no provider has that name, or it does not know one of the settings.
        ImportError: If what it needs is not installed.
        MissingVariable: If a variable that it needs is not set.
    """
    named = _embedded(kind, named)
    if is_order_desk(kind, named):
        prepare_order_desk(kind)
    else:
        _order(kind, named, environment, instructions="")


def create_service(
    kind: ServiceKind,
    named: NamedService,
    *,
    instructions: str = "",
    environment: Environment,
) -> FrameProcessor:
    """Make a service by its provider's name.

    Args:
        kind: Which place in the pipeline it takes.
        named: The name and the settings.
        instructions: The system prompt of a language model.
        environment: Keys, addresses, models and voices.

    Returns:
        The Pipecat service.

    Raises:
        ValueError: As `check_service` does, or if the service cannot be made.
        ImportError: As `check_service` does.
    """
    named = _embedded(kind, named)
    if is_order_desk(kind, named):
        return create_order_desk(kind)
    order = _order(kind, named, environment, instructions)
    try:
        return order.fill()
    except Exception as error:
        told = _line(error)
        if unset := [v for v in order.provider.arguments.values() if v not in environment]:
            told += f" ({', '.join(unset)}: not set)"
        for variable, value in environment.items():
            if "KEY" in variable:
                told = told.replace(value, "…")
        raise UnusableService(
            f"the {named.name!r} {kind} service cannot be made: {told}"
        ) from error


def _embedded(kind: ServiceKind, named: NamedService) -> NamedService:
    named = cast(NamedService, in_full(kind, named))
    require_embedded(kind, named)
    return named


@dataclass(frozen=True)
class _Order:
    """All that a service is made of."""

    provider: Provider
    arguments: Mapping[str, Any]
    url: str | None

    def fill(self) -> FrameProcessor:
        arguments, service = self.arguments, self.provider.load()
        address = self.provider.quirks.address_argument
        if self.url is not None and address:
            arguments = {**arguments, **address(self.url, arguments)}
        return (with_session(service) if self.provider.needs_session else service)(**arguments)


def _order(
    kind: ServiceKind, named: NamedService, environment: Environment, instructions: str
) -> _Order:
    provider = find_provider(kind, named.provider)
    who = f"the {named.provider!r} {kind} service"
    service = provider.load()
    words = Vocabulary(who, service, provider.quirks)
    asked = dict(named.settings)
    if named.model:
        if provider.quirks.model_is is None:
            raise ValueError(f"{who} has one model: leave out '/{named.model}'")
        asked.setdefault(provider.quirks.model_is, named.model)
    from_environment = {
        field: environment[variable]
        for field, variable in {**provider.settings, **provider.arguments}.items()
        if variable in environment
    }
    model = asked.get("model") or from_environment.get("model", "")
    given = words.translate(asked, str(model))
    values = {**provider.defaults, **from_environment, **given}
    url = _address(provider, words, named, environment)
    if url is not None and words.address:
        values[words.address] = url
    _require_variables(provider, who, environment, values, url)
    if url is not None and "api_key" in provider.arguments:
        # Local servers take any key, but most SDKs refuse to start without one.
        values.setdefault("api_key", "unused")

    if not words.fields:
        return _Order(provider, values, url)
    fields = {name: values.pop(name) for name in words.fields if name in values}
    settings = cast("Any", service).Settings
    if kind is ServiceKind.LLM and instructions:
        fields["system_instruction"] = instructions
    return _Order(provider, {**values, "settings": settings(**fields)}, url)


def _address(
    provider: Provider, words: Vocabulary, named: NamedService, environment: Environment
) -> str | None:
    argument = words.address
    is_fixed = argument is None and provider.quirks.address_argument is None
    if named.url is not None:
        if is_fixed:
            raise ValueError(f"{words.who} knows no url: its address is fixed")
        return named.url
    if is_fixed or provider.address_prefix is None:
        return None
    suffix = "URL" if argument not in (None, "base_url") else "BASE_URL"
    return environment.get(f"{provider.address_prefix}_{suffix}")


def _require_variables(
    provider: Provider,
    who: str,
    environment: Environment,
    values: Mapping[str, Any],
    url: str | None,
) -> None:
    sources = {**provider.settings, **provider.arguments}
    given = {sources[name] for name in values if name in sources}
    missing = [
        variable
        for variable in provider.missing_variables(environment)
        if not given.intersection(variable.split("|"))
        # Another server than the vendor's has its own mind about keys.
        and not (url is not None and variable.partition("|")[0].endswith("_API_KEY"))
    ]
    if not missing:
        return
    wanted = " and ".join(variable.replace("|", " or ") for variable in missing)
    told = f"{who} needs {wanted}: set it in the environment or in .env"
    if any(variable == provider.settings.get("voice") for variable in missing):
        told += f", or choose with service({provider.name!r}, voice=…)"
    prefix = missing[0].partition("_API_KEY")[0]
    if prefix in KEY_PAGES:
        told += f" (a key: https://{KEY_PAGES[prefix]})"
    raise MissingVariable(told)


def make_service(kind: Place, factory: Callable[[], FrameProcessor]) -> FrameProcessor:
    """Make a service for one call.

    Args:
        kind: Which place in the pipeline it takes.
        factory: A class or a function; it is called without arguments.

    Returns:
        The Pipecat service.

    Raises:
        UnusableService: If calling it fails or gives something else.
    """
    name = getattr(factory, "__qualname__", None) or repr(factory)
    try:
        made: object = factory()
    except Exception as error:
        raise UnusableService(
            f"{kind}={name}, called without arguments, raised {_line(error)}"
        ) from error
    if not isinstance(made, FrameProcessor):
        if inspect.iscoroutine(made):
            made.close()
        raise UnusableService(
            f"{kind}={name} returned {reprlib.repr(made)}: it must return a Pipecat service, "
            "a new one each time"
        )
    return made


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
