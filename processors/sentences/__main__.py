"""Show how a text would be spoken: `python -m antiphon.processors.sentences < reply.txt`.

The text is streamed as a language model would write it, one word or mark after another, and each
chunk is shown with the time at which it goes to the voice and how long after its last character
that is. No time really passes.
"""

import argparse
import re
import sys
from collections.abc import Iterator

from antiphon.processors.sentences.scanner import SentenceScanner
from antiphon.processors.sentences.settings import SentenceSettings

_TOKEN = re.compile(r"\s?[^\W\d_]{1,9}|\s?\d{1,3}|\s?[^\w\s]+|\s|_")


def show(
    text: str, *, language: str | None, settings: SentenceSettings, tokens_per_second: float
) -> Iterator[str]:
    """Stream a text through a scanner.

    Args:
        text: The reply.
        language: A BCP 47 code, or None.
        settings: When a chunk is spoken.
        tokens_per_second: How fast the model writes.

    Yields:
        One line for each chunk: time and delay in milliseconds, and the chunk.
    """
    scanner = SentenceScanner(language, settings=settings)
    token_ms = 1000 / tokens_per_second
    arrived: list[int] = []  # how much of the text has arrived with each token
    spoken = length = 0

    def line(chunk: str) -> str:
        nonlocal spoken
        spoken += len(chunk)
        end = spoken - (len(chunk) - len(chunk.rstrip()))
        written = next(index for index, total in enumerate(arrived) if total >= end)
        delay = len(arrived) - 1 - written
        return f"{len(arrived) * token_ms:8.0f} ms  +{delay * token_ms:4.0f} ms  {chunk.strip()}"

    for token in _TOKEN.findall(text):
        length += len(token)
        arrived.append(length)
        for chunk in scanner.feed(token):
            yield line(chunk)
    for chunk in scanner.flush():
        yield line(chunk)


def main() -> None:
    """Read the arguments and standard input, and print the chunks."""
    parser = argparse.ArgumentParser(
        prog="python -m antiphon.processors.sentences",
        description="Show the chunks in which a reply would be spoken.",
    )
    parser.add_argument("text", nargs="?", help="the reply; standard input if left out")
    parser.add_argument("--language", help="a code such as de or pt-BR (default: by script)")
    parser.add_argument("--eager", action="store_true", help="do not wait for proof")
    parser.add_argument("--whole", action="store_true", help="no eager first clause")
    parser.add_argument("--tokens-per-second", type=float, default=50.0, metavar="N")
    arguments = parser.parse_args()
    if arguments.tokens_per_second <= 0:
        parser.error(f"--tokens-per-second {arguments.tokens_per_second}: use more than 0")
    settings = SentenceSettings(
        mode="eager" if arguments.eager else "strict", first_clause=not arguments.whole
    )
    text = arguments.text if arguments.text is not None else sys.stdin.read()
    for line in show(
        text,
        language=arguments.language,
        settings=settings,
        tokens_per_second=arguments.tokens_per_second,
    ):
        print(line)


if __name__ == "__main__":
    main()
