"""What can be seen of a provider without its key: that it is built, refuses clearly, answers.

`python tests/pipeline/providers/seen.py` writes the table of `docs/services.md` anew, and with
`--check`, and names such as `llm/groq` or none for all, says where it is not so.
"""

import asyncio
import inspect
import json
import re
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from aiohttp import web
from loguru import logger
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.pipeline.cli.ttfb_check import ServiceFailed, time_to_first_byte
from antiphon.pipeline.providers.create import create_service
from antiphon.pipeline.providers.kinds import NamedService, ServiceKind, UnusableService
from antiphon.pipeline.providers.registry import find_provider, provider_names
from antiphon.pipeline.providers.words import Vocabulary
from antiphon.services import EspeakSynthesizer
from antiphon.simulation.vendors.cartesia import CartesiaServer
from antiphon.simulation.vendors.deepgram import DeepgramServer
from antiphon.simulation.vendors.openai import OpenAIServer

STT, LLM, TTS = ServiceKind
Place = tuple[ServiceKind, str]
PAGE = Path(__file__).parents[3] / "docs" / "services.md"
BEGIN, END = "<!-- providers: begin -->\n", "<!-- providers: end -->\n"

EVERY = [(kind, name) for kind in ServiceKind for name in provider_names(kind)]

KEYS = {
    variable: "http://127.0.0.1:1" if variable.endswith("_URL") else "dummy"
    for kind, name in EVERY
    for needed in find_provider(kind, name).needed
    for variable in needed.split("|")
    if variable != "OPENAI_BASE_URL"
}

# Whose SDKs are too heavy to install for a test (hundreds of megabytes, or Python 3.12 only), or
# hold a library back that all use.
NOT_INSTALLED = {
    (STT, "deepgram_flux_sagemaker"),
    (STT, "deepgram_sagemaker"),
    (STT, "nvidia"),
    (STT, "nvidia_sagemaker"),
    (TTS, "deepgram_flux_sagemaker"),
    (TTS, "deepgram_sagemaker"),
    (TTS, "nvidia"),
    (TTS, "nvidia_sagemaker"),
    (TTS, "pockettts"),
}

# Who loads a model from a hub as it is made; here the model is stood in for.
LOCAL = {(STT, "moonshine"), (STT, "whisper"), (TTS, "kokoro"), (TTS, "piper")}

# Who asks for a token as it is made.
ASKS_AT_ONCE = {(LLM, "google_vertex")}

# Whose wire protocol our loopback servers speak.
EMULATED = {
    (STT, "deepgram"),
    (STT, "deepgram_flux"),
    (TTS, "cartesia"),
    *(
        (LLM, name)
        for name in (
            "baseten",
            "cerebras",
            "crusoe",
            "deepseek",
            "fireworks",
            "groq",
            "inception",
            "mistral",
            "novita",
            "ollama",
            "openai",
            "openrouter",
            "qwen",
            "sambanova",
            "smallest",
            "together",
            "xai",
        )
    ),
}


def address_of(kind: ServiceKind, name: str, port: int) -> str | None:
    """Where a provider's service is to be sent instead of to the vendor; None if it cannot be."""
    provider = find_provider(kind, name)
    service: Any = provider.load()
    argument = Vocabulary(name, service, provider.quirks).address
    if argument is None:
        return f"http://127.0.0.1:{port}" if provider.quirks.address_argument else None
    default = next(
        parameters[argument].default
        for cls in service.__mro__
        if "__init__" in vars(cls)
        and argument in (parameters := inspect.signature(vars(cls)["__init__"]).parameters)
    )
    if isinstance(default, str) and default and "://" not in default:
        return f"127.0.0.1:{port}"
    is_socket = str(default).startswith("ws") or name == "speechmatics"
    return f"{'ws' if is_socket else 'http'}://127.0.0.1:{port}"


def build(kind: ServiceKind, name: str, url: str | None = None, **environment: str) -> Any:
    """Make a service, without a network."""
    # What it imports is to be there before some of it is stood in for.
    find_provider(kind, name.partition("/")[0]).load()
    with local_models():
        return create_service(
            kind, NamedService(name=name, url=url), environment={**KEYS, **environment}
        )


@contextmanager
def local_models() -> Iterator[None]:
    """Models that a hub would have to bring."""
    stand_in = SimpleNamespace(voices=["af_heart"], config=SimpleNamespace(sample_rate=22_050))
    patches = {
        "pipecat.services.whisper.stt.WhisperModel": lambda *_, **__: stand_in,
        "pipecat.services.moonshine.stt.get_model_for_language": lambda *_: ("", 0),
        "pipecat.services.moonshine.stt.Transcriber": lambda *_: stand_in,
        "pipecat.services.piper.tts.download_voice": lambda *_, **__: None,
        "pipecat.services.piper.tts.PiperVoice": SimpleNamespace(load=lambda *_, **__: stand_in),
        "pipecat.services.kokoro.tts._ensure_model_files": lambda *_: None,
        "pipecat.services.kokoro.tts.Kokoro": lambda *_: stand_in,
    }
    loaded = [name for name in patches if name.rpartition(".")[0] in sys.modules]
    patching = [patch(name, patches[name]) for name in loaded]
    for each in patching:
        each.start()
    try:
        yield
    finally:
        for each in patching:
            each.stop()


@asynccontextmanager
async def refusing() -> AsyncIterator[int]:
    """A server on loopback that knows nobody's key; its port."""

    async def refuse(request: web.Request) -> web.Response:
        told = {"message": "no such key", "type": "authentication_error"}
        return web.json_response({"error": told}, status=401)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def first_byte(kind: ServiceKind, service: FrameProcessor, secs: float = 15.0) -> float:
    """Ask a service once."""
    speech = EspeakSynthesizer().synthesize("Hello, can you hear me?")
    return await time_to_first_byte(
        kind,
        service,
        speech=speech.pcm,
        speech_rate_hz=speech.sample_rate_hz,
        timeout_secs=secs,
    )


async def refusal(kind: ServiceKind, name: str, port: int, secs: float = 15.0) -> str | None:
    """What is told of a server that refuses; None if nothing is in time."""
    try:
        await first_byte(kind, build(kind, name, address_of(kind, name, port)), secs)
    except ServiceFailed as error:
        told = str(error)
        return None if "no answer within" in told else told
    raise AssertionError(f"{name} answered without a key")


async def answers(kind: ServiceKind, name: str) -> bool:
    """Whether a service says something with a server that speaks its protocol."""
    servers: dict[ServiceKind, Any] = {STT: DeepgramServer, LLM: OpenAIServer, TTS: CartesiaServer}
    script = {STT: {"script": ["hello"]}, LLM: {"script": ["Hello."]}, TTS: {}}
    async with servers[kind](**script[kind]) as server:
        url = server.flux_url if name == "deepgram_flux" else server.url
        model = "/gpt-4.1" if kind is LLM else ""
        return await first_byte(kind, build(kind, name + model, url)) > 0


async def see(kind: ServiceKind, name: str, port: int) -> str:
    """Say what is seen of a provider."""
    if (kind, name) in NOT_INSTALLED:
        return "its package is not installed here"
    if (kind, name) in LOCAL:
        build(kind, name)
        return "built; its model is stood in for"
    if (kind, name) in ASKS_AT_ONCE:
        with suppress(UnusableService):
            build(kind, name)
            raise AssertionError(f"{name} was made without a key")
        return "refused in one line, as it is made"
    if address_of(kind, name, port) is None:
        service = build(kind, name)
        await service.cleanup()
        return "built; its address is fixed"
    told = await refusal(kind, name, port, secs=40.0)
    assert told, f"{name} told nothing of a server that refuses"
    assert len(told.splitlines()) == 1, told
    if (kind, name) in EMULATED:
        assert await answers(kind, name)
        return "answered, and refused in one line"
    return "refused in one line"


@contextmanager
def credentials() -> Iterator[None]:
    """A service account of Google's, made up."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": "made-up",
        "private_key": key.decode(),
        "client_email": "nobody@example.com",
        "token_uri": "http://127.0.0.1:1/token",
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(account, file)
        file.flush()
        KEYS["GOOGLE_APPLICATION_CREDENTIALS"] = file.name
        try:
            yield
        finally:
            del KEYS["GOOGLE_APPLICATION_CREDENTIALS"]


def rows(seen: dict[Place, str]) -> str:
    """The table of the page."""
    lines = ["| | name | `pip install` | needs | our tests saw |", "|---|---|---|---|---|"]
    for (kind, name), what in seen.items():
        provider = find_provider(kind, name)
        needs = ", ".join(f"`{variable.replace('|', '` or `')}`" for variable in provider.needed)
        lines.append(f"| {kind} | `{name}` | `{provider.package}` | {needs or '–'} | {what} |")
    return "\n".join(lines) + "\n"


async def see_some(which: Sequence[Place]) -> dict[Place, str]:
    """What is seen of providers, some at a time."""
    for place in which:
        if place not in NOT_INSTALLED:
            find_provider(*place).load()
    some = asyncio.Semaphore(12)
    async with refusing() as port:

        async def look(place: Place) -> str:
            async with some:
                return await see(*place, port)

        found = await asyncio.gather(*map(look, which))
    return dict(zip(which, found, strict=True))


def told_on_the_page() -> dict[Place, str]:
    """What the page says of each."""
    page = PAGE.read_text()
    table = page[page.index(BEGIN) : page.index(END)]
    found = re.findall(r"^\| (stt|llm|tts) \| `(\w+)` .*\| ([^|]+) \|$", table, re.MULTILINE)
    return {(ServiceKind(kind), name): what for kind, name, what in found}


def main(*arguments: str) -> int:
    """Write the table, or say what is not so."""
    logger.remove()
    warnings.simplefilter("ignore")
    names = [argument.split("/") for argument in arguments if argument != "--check"]
    which = [(ServiceKind(kind), name) for kind, name in names] or EVERY
    with credentials():
        seen = asyncio.run(see_some(which))
    if "--check" in arguments:
        told = told_on_the_page()
        wrong = {place: what for place, what in seen.items() if told.get(place) != what}
        for (kind, name), what in wrong.items():
            print(f"{kind} {name}: {what}")
        return int(bool(wrong))
    page = PAGE.read_text()
    before, after = page.index(BEGIN) + len(BEGIN), page.index(END)
    PAGE.write_text(page[:before] + rows(seen) + page[after:])
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
