"""`python -m antiphon` and the version, with and without what the command needs."""

import importlib.metadata
import subprocess
import sys

import pytest

import antiphon

# An import of what is None there fails as that of a module which is not installed.
WITHOUT_TYPER = (
    "import runpy, sys; sys.modules['typer'] = None; sys.argv = ['antiphon', *sys.argv[1:]]; "
    "runpy.run_module('antiphon', run_name='__main__')"
)


def test_the_version_is_the_one_that_is_installed() -> None:
    assert antiphon.__version__ == importlib.metadata.version("antiphon")


def test_the_module_is_the_command() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "antiphon", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[0] == f"antiphon {antiphon.__version__}"


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_bare_core_says_in_a_line_what_the_command_needs(option: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT_TYPER, option], capture_output=True, text=True
    )
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == "antiphon: typer is missing: pip install 'antiphon[cli]'\n"


def test_importing_the_top_imports_nothing_else() -> None:
    loaded = (
        "import sys; before = set(sys.modules); import antiphon; print(*{*sys.modules} - before)"
    )
    told = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert told.stdout.split() == ["antiphon"]
