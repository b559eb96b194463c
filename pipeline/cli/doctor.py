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
from antiphon.pipeline.providers import PROVIDERS, Provider, ServiceKind, create_service
from antiphon.pipeline.settings import Settings
from antiphon.services import EspeakSynthesizer

__all__ = ["Finding", "examine"]

FOR_DEVELOPMENT = {"test", "check"}


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
        ("Providers", provider_findings(Settings())),
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
        speech = EspeakSynthesizer().synthesize("Hello.")
        secs = pcm_secs(len(speech.pcm), speech.sample_rate_hz)
        yield Finding(True, "eSpeak NG", f"spoke {secs:.1f} s at {speech.sample_rate_hz} Hz")
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


def provider_findings(settings: Settings) -> Iterator[Finding]:
    """Each vendor: what it lacks, or its time to first byte in one real request."""
    for kind, providers in PROVIDERS.items():
        for name, provider in providers.items():
            if name != "embedded":
                yield _try_provider(kind, name, provider, settings)


def _try_provider(kind: ServiceKind, name: str, provider: Provider, settings: Settings) -> Finding:
    label = f"{name} {kind}"
    if missing := provider.missing_variables(settings):
        return Finding(
            None, label, f"not configured: set {' and '.join(missing).replace('|', ' or ')}"
        )
    if not provider.is_installed():
        return Finding(
            False, label, f"configured, not installed: pip install 'antiphon[{provider.extra}]'"
        )
    speech, rate_hz = b"", 16000
    if kind is ServiceKind.STT:
        try:
            spoken = EspeakSynthesizer().synthesize("Hello, can you hear me?")
        except ImportError:
            return Finding(
                None,
                label,
                "configured, not tried: the test has no voice without the offline extra",
            )
        speech, rate_hz = spoken.pcm, spoken.sample_rate_hz
    try:
        service = create_service(kind, name, settings=settings)
        secs = asyncio.run(time_to_first_byte(kind, service, speech=speech, speech_rate_hz=rate_hz))
    except ServiceFailed as error:
        return Finding(False, label, f"does not work: {_without_secrets(str(error), settings)}")
    return Finding(True, label, f"works, first byte after {secs * 1000:.0f} ms")


def _without_secrets(text: str, settings: Settings) -> str:
    for key in (settings.deepgram_api_key, settings.openai_api_key, settings.cartesia_api_key):
        if key:
            text = text.replace(key.get_secret_value(), "…")
    return re.sub(r"\s+", " ", text)[:300]
