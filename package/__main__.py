"""`antiphon`, and `python -m antiphon`: the command."""

import sys

from antiphon.pipeline.cli.early_stop import stop_early


def main() -> None:
    """Run the command, or say how to get what it needs."""
    if sys.argv[1:2] == ["serve"]:
        stop_early()
    from loguru import logger

    # Before Pipecat is imported: it greets on stderr.
    logger.remove()
    try:
        from antiphon.pipeline.cli.command import app
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("antiphon"):
            raise
        sys.exit(f"antiphon: {error.name} is missing: pip install 'antiphon[cli]'")
    app(prog_name="antiphon")


if __name__ == "__main__":
    main()
