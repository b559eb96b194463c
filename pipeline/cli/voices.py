"""`antiphon voices`: the voices of a vendor, each with the id that `voice=` takes."""

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

__all__ = ["voices"]

# A vendor has hundreds, in pages of this many.
PAGE = 100

Voice = tuple[str, str, str]
"""A voice's id, its name, and what else is known of it."""


def voices(
    vendor: Annotated[str, typer.Argument(help="cartesia, deepgram, elevenlabs or embedded.")],
    search: Annotated[
        str, typer.Option(help="Only those with this in their name, language or description.")
    ] = "",
    url: Annotated[str | None, typer.Option(help="Another address than the vendor's.")] = None,
) -> None:
    """List a vendor's voices, for `service("cartesia", voice=…)` and the like."""
    # Imported here, as other commands do: a supervisor of workers needs no Pipecat.
    from antiphon.pipeline.providers.environment import read_environment
    from antiphon.pipeline.providers.vendors import KEY_PAGES

    if vendor == "embedded":
        if not _tell(_embedded(), search):
            told = f"no such voice{f' with {search!r}' if search else ''} is installed"
            _fail(
                f"{told}; pip install 'antiphon[speech]' brings one, 'antiphon[offline]' eSpeak's"
            )
        return
    if vendor not in VENDORS:
        known = ", ".join(sorted([*VENDORS, "embedded"]))
        _fail(f"no voices of {vendor!r} here: choose one of {known}")
    package, list_voices = VENDORS[vendor]
    key: str | None = None
    try:
        environment = read_environment()
        variable = f"{vendor.upper()}_API_KEY"
        key = environment.get(variable)
        if key is None:
            _fail(
                f"{vendor} needs {variable}: set it in the environment or in .env "
                f"(a key: https://{KEY_PAGES[vendor.upper()]})"
            )
        address = url or environment.get(f"{vendor.upper()}_BASE_URL")
        count = _tell(list_voices(key, address), search)
    except ImportError as error:
        _fail(f"{error}: pip install '{package}'")
    except typer.Exit:
        raise
    except Exception as error:
        # An SDK's errors quote whole answers, and some their request.
        told = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        _fail(f"{vendor}: {told.replace(key, '…') if key else told}")
    if not count:
        _fail(f"{vendor} has no voice{f' with {search!r}' if search else ''}")


def _tell(found: Iterator[Voice], search: str) -> int:
    """Print those that were searched for, and count them."""
    count = 0
    for voice in found:
        if search.lower() in " ".join(voice).lower():
            typer.echo("  ".join(filter(None, voice)))
            count += 1
    return count


def _fail(message: str) -> NoReturn:
    typer.secho(f"antiphon voices: {message}", fg=typer.colors.RED, err=True)
    raise typer.Exit(1)


def _cartesia(key: str, url: str | None) -> Iterator[Voice]:
    from cartesia import Cartesia

    with Cartesia(api_key=key, base_url=url, max_retries=0) as client:
        for voice in client.voices.list(limit=PAGE):
            yield voice.id, voice.name, _about(voice.language, voice.tagline or voice.description)


def _deepgram(key: str, url: str | None) -> Iterator[Voice]:
    from deepgram import DeepgramClient
    from deepgram.environment import DeepgramClientEnvironment

    options: dict[str, Any] = {}
    if url:
        options["environment"] = DeepgramClientEnvironment(
            base=url, production=url, agent=url, agent_rest=url
        )
    client = DeepgramClient(api_key=key, **options)
    for voice in client.manage.v1.models.list().tts or []:
        languages = ", ".join(voice.languages or [])
        yield voice.canonical_name or "", voice.name or "", _about(languages, voice.architecture)


def _elevenlabs(key: str, url: str | None) -> Iterator[Voice]:
    from elevenlabs.client import ElevenLabs

    client = ElevenLabs(api_key=key, base_url=url)
    page: str | None = None
    while True:
        found = client.voices.search(page_size=PAGE, next_page_token=page)
        for voice in found.voices:
            labels = voice.labels or {}
            about = _about(labels.get("language"), labels.get("accent"), voice.description)
            yield voice.voice_id, voice.name or "", about
        page = found.next_page_token if found.has_more else None
        if not page:
            return


def _about(*known: str | None) -> str:
    return ", ".join(" ".join(word.split()) for word in known if word)


def _embedded() -> Iterator[Voice]:
    """Those of ours; of eSpeak's its languages, which have variants, as in "de+f3"."""
    if find_spec("hibari"):
        yield "embedded/hibari", "heart", "English (America), natural"
    if find_spec("espeakng_loader"):
        import espeakng_loader

        for file in sorted(Path(espeakng_loader.get_data_path(), "lang").rglob("*")):
            if file.is_file():
                lines = [line.split(maxsplit=1) for line in file.read_text("utf-8").splitlines()]
                known = {line[0]: line[1] for line in reversed(lines) if len(line) == 2}
                code = known.get("language", file.name).split()[0]
                yield f"embedded/{code}", known.get("name", ""), "eSpeak"


VENDORS: Mapping[str, tuple[str, Callable[[str, str | None], Iterator[Voice]]]] = {
    "cartesia": ("antiphon[cartesia]", _cartesia),
    "deepgram": ("antiphon[deepgram]", _deepgram),
    "elevenlabs": ("elevenlabs", _elevenlabs),
}
