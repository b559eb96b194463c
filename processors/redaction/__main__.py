"""Redact stdin, line by line, showing what was found and why.

    echo "my card is four oh one two double eight" | python -m antiphon.processors.redaction

A line that starts with "agent:" is the agent's; what it asks tells what the next line answers.
"""

import argparse
import sys

from antiphon.processors.redaction.core.language import LANGUAGES
from antiphon.processors.redaction.core.policy import PRESETS, Policy
from antiphon.processors.redaction.core.redactor import Redactor

AGENT = "agent:"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m antiphon.processors.redaction", description="Redact stdin, line by line."
    )
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    parser.add_argument("--preset", choices=list(PRESETS))
    parser.add_argument("--quiet", action="store_true", help="print the redacted text only")
    args = parser.parse_args()
    policy = Policy.preset(args.preset) if args.preset else None
    redactor = Redactor(policy, language=args.language)
    for line in sys.stdin:
        text = line.rstrip("\n")
        agent = text.lower().startswith(AGENT)
        result = redactor.redact(text, role="agent" if agent else "user")
        print(result.text)
        if not args.quiet:
            for entity in result.entities:
                said = text[entity.start : entity.end]
                print(f"    {entity.type} {entity.start}-{entity.end} {said!r}: {entity.why}")


if __name__ == "__main__":
    main()
