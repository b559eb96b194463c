"""Providers by name: Pipecat's own registry, which `pipecat init` writes bots from, and ours.

The registry says of each vendor which class serves, what installs it, and which variable each
argument is read from. `vendors.py` has what it does not say.
"""

import ast
import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pkgutil import resolve_name
from typing import Any

from pipecat.cli.registry import ServiceDefinition, ServiceLoader
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.pipeline.providers import vendors
from antiphon.pipeline.providers.environment import Environment
from antiphon.pipeline.providers.kinds import ServiceKind

__all__ = ["Provider", "find_provider", "provider_names", "register_provider"]


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider of one kind of service.

    Parameters:
        name: Its name.
        service: A class, a function, or where one is, as `module:Class`.
        package: What pip installs for it.
        arguments: By an argument of the class, the variable that it is read from.
        settings: By a field of its `Settings`, the variable that it is read from.
        defaults: By a field of its `Settings`, what it is otherwise.
        needed: Variables that must be set. In `A|B`, either will do.
        needs_session: Whether it wants an HTTP session made for it.
        address_prefix: What the variable for another address begins with, if there is one.
        quirks: What is special about it.
    """

    name: str
    service: str | Callable[..., FrameProcessor]
    package: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    needs_session: bool = False
    address_prefix: str | None = None
    quirks: vendors.Quirks = field(default_factory=vendors.Quirks)

    def load(self) -> Callable[..., FrameProcessor]:
        """Import the class.

        Raises:
            ImportError: If what it needs is not installed; the message says how to install it.
            ValueError: If it is, and does not work.
        """
        if not isinstance(self.service, str):
            return self.service
        try:
            loaded: Callable[..., FrameProcessor] = resolve_name(self.service)
        except Exception as error:
            told = f"{self.name!r} cannot be loaded ({' '.join(str(error).split())[:200]})"
            if isinstance(error, ImportError):
                raise ImportError(f"{told}: pip install '{self.package}'") from error
            raise ValueError(told) from error
        return loaded

    def missing_variables(self, environment: Environment) -> list[str]:
        """The variables that are needed and not set."""
        return [
            variable
            for variable in self.needed
            if not any(environment.get(name) for name in variable.split("|"))
        ]


_EMBEDDED = {
    (ServiceKind.STT, "embedded/whisper"): Provider(
        name="embedded/whisper",
        service="antiphon.services:EmbeddedWhisperSTTService",
        package="antiphon[speech]",
        quirks=vendors.Quirks(model_is="model"),
    ),
    (ServiceKind.TTS, "embedded/hibari"): Provider(
        name="embedded/hibari",
        service="antiphon.services:HibariTTSService",
        package="antiphon[speech]",
        quirks=vendors.Quirks(model_is="voice"),
    ),
    (ServiceKind.TTS, "embedded/espeak"): Provider(
        name="embedded/espeak",
        service="antiphon.services:EspeakTTSService",
        package="antiphon[offline]",
        quirks=vendors.Quirks(
            model_is="voice",
            # eSpeak's own pace is 160 words a minute.
            words={"speed": ("rate_wpm", lambda speed: round(160 * speed))},
        ),
    ),
}

_registered: dict[ServiceKind, dict[str, Provider]] = {kind: {} for kind in ServiceKind}


def register_provider(
    kind: str,
    name: str,
    service: Callable[..., FrameProcessor],
    *,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Give a Pipecat service of one's own a name, or a vendor's another class.

    Settings that are given with the name go to the class's `Settings`, if it has any, or to its
    arguments.

    Example::

        register_provider("tts", "bells", BellTTSService, variables={"api_key": "BELLS_API_KEY"})
        VoiceAgent(tts=service("bells", voice="tubular"))

    Args:
        kind: `stt`, `llm` or `tts`.
        name: The name.
        service: A class, or a function that makes a service; called for each call.
        variables: By its arguments, the environment variables that they are read from. All of them
            must be set.

    Raises:
        ValueError: If there is no such kind, or the name has a slash or is the embedded default's.
        TypeError: If it is no class and no function.
    """
    if not isinstance(name, str) or not name or "/" in name or name == "embedded":
        raise ValueError(
            f"{name!r} is no name for a provider: it has a slash, or nothing, or is taken"
        )
    if kind not in list(ServiceKind):
        raise ValueError(f"{kind!r} is no kind of service: give {', '.join(ServiceKind)}")
    if isinstance(service, FrameProcessor) or not callable(service):
        raise TypeError(
            f"{name!r}: {service!r} can make no service: give a class, or a function that makes "
            "one for each call"
        )
    variables = dict(variables or {})
    _registered[ServiceKind(kind)][name] = Provider(
        name=name, service=service, arguments=variables, needed=tuple(variables.values())
    )


def provider_names(kind: ServiceKind) -> list[str]:
    """The names there are, but for `embedded`.

    Args:
        kind: Which place in the pipeline they take.
    """
    return sorted({**_vendors(kind), **_registered[kind]})


def find_provider(kind: ServiceKind, name: str) -> Provider:
    """Find a provider.

    Args:
        kind: Which place in the pipeline it takes.
        name: Its name.

    Raises:
        ValueError: If there is none of that name; the message has the nearest.
    """
    if embedded := _EMBEDDED.get((kind, name)):
        return embedded
    canonical = vendors.ALIASES.get((kind, name), name)
    provider = _registered[kind].get(name) or _vendors(kind).get(canonical)
    if provider is None:
        raise ValueError(f"unknown {kind} service {name!r}: {_nearest(kind, name)}")
    return provider


def _nearest(kind: ServiceKind, name: str) -> str:
    names = ["embedded", *provider_names(kind)]
    elsewhere = [
        other for other in ServiceKind if other is not kind and name in provider_names(other)
    ]
    if near := difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5):
        return f"did you mean {' or '.join(map(repr, near))}?"
    if elsewhere:
        return f"{name!r} is for {' and '.join(elsewhere)}; for {kind} choose {', '.join(names)}"
    return f"choose one of {', '.join(names)}"


@cache
def _vendors(kind: ServiceKind) -> Mapping[str, Provider]:
    # By the enum's value, which is the registry's own word for the kind.
    definitions = ServiceLoader.get_all_services_by_type(kind.value)
    providers = (_provider(kind, definition) for definition in definitions)
    return {provider.name: provider for provider in providers}


def _provider(kind: ServiceKind, definition: ServiceDefinition) -> Provider:
    value, prefix = definition.value, definition.env_prefix or ""
    quirks = vendors.QUIRKS.get(value, vendors.Quirks())
    (statement, *_) = ServiceLoader.get_service_import(value)
    _, module, _, name = statement.split()
    call = _call(ServiceLoader.get_service_config(value) or "")
    settings = next((k.value for k in call.keywords if k.arg == "settings"), None)
    arguments = {argument: variable for argument, variable, _ in _variables(call)}
    fields: dict[str, str] = dict(quirks.variables)
    defaults: dict[str, Any] = {}
    if isinstance(settings, ast.Call):
        for argument, variable, default in _variables(settings):
            fields[argument] = variable
            defaults |= {argument: default} if default else {}
    arguments = dict(quirks.arguments) if quirks.arguments is not None else arguments
    provider = Provider(
        name=value.removesuffix(f"_{kind}"),
        service=quirks.service or f"{module}:{name}",
        package=vendors.OUR_EXTRAS.get(definition.package, definition.package),
        arguments=arguments,
        settings=fields,
        defaults={**defaults, **quirks.defaults},
        needs_session=any(k.arg == "aiohttp_session" for k in call.keywords),
        address_prefix=prefix if quirks.address_from_environment else None,
        quirks=quirks,
    )
    needed = [
        f"{variable}|{quirks.instead_of_key}" if quirks.instead_of_key else variable
        for variable in arguments.values()
        if variable not in vendors.OPTIONAL_VARIABLES
    ]
    if kind is ServiceKind.TTS and "voice" in fields and quirks.needs_voice:
        needed.append(fields["voice"])
    return replace(provider, needed=tuple(needed))


def _call(config: str) -> ast.Call:
    """The registry has a line of Python for each service, which says what is read from where."""
    expression = ast.parse(config.strip(), mode="eval").body
    assert isinstance(expression, ast.Call)
    return expression


def _variables(call: ast.Call) -> Iterator[tuple[str, str, str | None]]:
    for keyword in call.keywords:
        value = keyword.value
        if keyword.arg and isinstance(value, ast.Call) and ast.unparse(value.func) == "os.getenv":
            variable, *default = (ast.literal_eval(argument) for argument in value.args)
            yield keyword.arg, variable, default[0] if default else None
