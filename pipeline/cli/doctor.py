"""`antiphon doctor`: what is here, how to get what is missing, and whether each vendor answers."""

import asyncio
import importlib.metadata
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rich.console import Console
from rich.markup import escape

from antiphon.core.audio import pcm_secs
from antiphon.pipeline.cli.ttfb_check import ServiceFailed, time_to_first_byte
from antiphon.pipeline.providers.create import check_service, create_service
from antiphon.pipeline.providers.embedded import prefers_small
from antiphon.pipeline.providers.environment import Environment, read_environment
from antiphon.pipeline.providers.kinds import MissingVariable, NamedService, ServiceKind
from antiphon.pipeline.providers.registry import find_provider, provider_names
from antiphon.services import EmbeddedWhisperSTTService, EspeakSynthesizer
from antiphon.services.hibari.synthesizer import HibariSynthesizer
from antiphon.services.speech import Speech
from antiphon.services.weights import WeightsError

__all__ = ["Finding", "examine"]

FOR_DEVELOPMENT = {"test", "check", "vendors"}

# Told of whether they are configured or not.
USUAL = {
    (ServiceKind.STT, "deepgram"),
    (ServiceKind.LLM, "openai"),
    (ServiceKind.TTS, "cartesia"),
}

SECRET = re.compile("KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL")


@dataclass(frozen=True)
class Finding:
    """One line of the examination.

    Parameters:
        good: Whether the thing is there and works; None where it is only not used.
        name: What was looked at.
        detail: What was found, or how to get it.
    """

    good: bool | None
    name: str
    detail: str


def examine(console: Console) -> bool:
    """Print the examination.

    Args:
        console: Where to print.

    Returns:
        Whether all that is configured works.
    """
    healthy = True
    for title, findings in (
        ("Python", python_findings()),
        ("Extras", extra_findings()),
        ("Native libraries", library_findings()),
        ("Providers", provider_findings(read_environment())),
    ):
        console.print(f"[bold]{title}[/bold]")
        for finding in findings:
            mark = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[dim]·[/]"}[finding.good]
            console.print(f"  {mark} {finding.name:<14} {escape(finding.detail)}", soft_wrap=True)
            healthy = healthy and finding.good is not False
    return healthy


def python_findings() -> Iterator[Finding]:
    """The interpreter and the two packages that matter."""
    yield Finding(True, "python", platform.python_version())
    for name in ("antiphon", "pipecat-ai"):
        yield Finding(True, name, importlib.metadata.version(name))


def extra_findings() -> Iterator[Finding]:
    """Each extra: installed, or the line that installs it."""
    for extra in importlib.metadata.metadata("antiphon").get_all("Provides-Extra") or []:
        if extra in FOR_DEVELOPMENT:
            continue
        missing = sorted(set(_missing_distributions("antiphon", extra)))
        if missing:
            yield Finding(
                None,
                extra,
                f"not installed ({', '.join(missing)}): pip install 'antiphon[{extra}]'",
            )
        else:
            yield Finding(True, extra, "installed")


def _missing_distributions(distribution: str, extra: str) -> Iterator[str]:
    for line in importlib.metadata.requires(distribution) or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if (
            marker is None
            or marker.evaluate({"extra": ""})
            or not marker.evaluate({"extra": extra})
        ):
            continue
        try:
            importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            yield canonicalize_name(requirement.name)
            continue
        for nested in requirement.extras:
            yield from _missing_distributions(requirement.name, nested)


def library_findings() -> Iterator[Finding]:
    """The native libraries of the embedded default, each made to work once."""
    try:
        prefers_small()
    except ValueError as error:
        yield Finding(False, "embedded", str(error))
    try:
        yield Finding(True, "hibari", _spoken(HibariSynthesizer().synthesize("Hello.")))
    except ImportError as error:
        yield Finding(None, "hibari", str(error))
    except WeightsError as error:
        yield Finding(False, "hibari", str(error))
    try:
        asyncio.run(EmbeddedWhisperSTTService().warm_up())
        version = importlib.metadata.version("ctranslate2")
        yield Finding(True, "Whisper", f"tiny.en loaded, on CTranslate2 {version}")
    except ImportError as error:
        yield Finding(None, "Whisper", str(error))
    except WeightsError as error:
        yield Finding(False, "Whisper", str(error))
    try:
        yield Finding(True, "eSpeak NG", _spoken(EspeakSynthesizer().synthesize("Hello.")))
    except ImportError as error:
        yield Finding(None, "eSpeak NG", str(error))
    try:
        import pocketsphinx

        pocketsphinx.Decoder(lm=None, loglevel="FATAL")
        version = importlib.metadata.version("pocketsphinx")
        yield Finding(True, "PocketSphinx", f"{version}, with its English model")
    except ImportError:
        yield Finding(None, "PocketSphinx", "not installed: pip install 'antiphon[offline]'")
    import onnxruntime
    from pipecat.audio.vad.silero import SileroVADAnalyzer

    SileroVADAnalyzer(sample_rate=16000)
    yield Finding(True, "Silero VAD", f"loaded, on ONNX Runtime {onnxruntime.__version__}")


def _spoken(speech: Speech) -> str:
    secs = pcm_secs(len(speech.pcm), speech.sample_rate_hz)
    return f"spoke {secs:.1f} s at {speech.sample_rate_hz} Hz"


def provider_findings(environment: Environment) -> Iterator[Finding]:
    """Each vendor that has a key: what it lacks, or its time to first byte in one real request."""
    others = 0
    for kind in ServiceKind:
        for name in provider_names(kind):
            has_key = any(
                variable in environment
                for needed in find_provider(kind, name).needed
                for variable in needed.split("|")
            )
            if has_key or (kind, name) in USUAL:
                yield _try_provider(kind, name, environment)
            else:
                others += 1
    yield Finding(None, f"{others} others", "not configured: docs/services.md has their names")


def _try_provider(kind: ServiceKind, name: str, environment: Environment) -> Finding:
    label, named = f"{name} {kind}", NamedService(name=name)
    try:
        check_service(kind, named, environment)
    except MissingVariable as error:
        return Finding(None, label, f"not configured: {error}")
    except ImportError as error:
        return Finding(False, label, f"configured, not installed: {error}")
    speech, rate_hz = b"", 16000
    if kind is ServiceKind.STT:
        try:
            spoken = _test_voice().synthesize("Hello, can you hear me?")
        except ImportError:
            return Finding(
                None,
                label,
                "configured, not tried: the test has no voice without the extra offline or speech",
            )
        speech, rate_hz = spoken.pcm, spoken.sample_rate_hz
    try:
        secs = asyncio.run(_first_byte(kind, named, environment, speech, rate_hz))
    except (ServiceFailed, ValueError) as error:
        return Finding(False, label, f"does not work: {_without_secrets(str(error), environment)}")
    return Finding(True, label, f"works, first byte after {secs * 1000:.0f} ms")


def _test_voice() -> EspeakSynthesizer | HibariSynthesizer:
    try:
        return EspeakSynthesizer()
    except ImportError:
        return HibariSynthesizer()


async def _first_byte(
    kind: ServiceKind, named: NamedService, environment: Environment, speech: bytes, rate_hz: int
) -> float:
    # Here, because some make what belongs to an event loop.
    service = create_service(kind, named, environment=environment)
    return await time_to_first_byte(kind, service, speech=speech, speech_rate_hz=rate_hz)


def _without_secrets(text: str, environment: Environment) -> str:
    for variable, value in environment.items():
        if SECRET.search(variable):
            text = text.replace(value, "…")
    return re.sub(r"\s+", " ", text)[:300]
