"""What a package says it exports is there, is told of, and importing it brings nothing along."""

import importlib
import pkgutil
import re
import subprocess
import sys
import typing
from pathlib import Path
from types import ModuleType

import pytest

import antiphon

ROOT = Path(__file__).parents[1]
PACKAGES = [
    "antiphon",
    *(found.name for found in pkgutil.walk_packages(antiphon.__path__, "antiphon.") if found.ispkg),
]
PUBLIC = {
    package: exported
    for package in PACKAGES
    if (exported := getattr(importlib.import_module(package), "__all__", None))
}
HEAVY = [
    "ctranslate2",
    "deepgram",
    "espeakng_loader",
    "fastapi",
    "hibari",
    "pocketsphinx",
    "twilio",
    "uvicorn",
]


@pytest.mark.parametrize("package", PUBLIC)
def test_what_is_exported_is_there_and_in_dir_and_nothing_else_is(package: str) -> None:
    module = importlib.import_module(package)
    there = {name: getattr(module, name) for name in dir(module)}
    ours = {
        name
        for name, value in there.items()
        if not (name.startswith("_") or isinstance(value, ModuleType) or name in typing.__all__)
        and getattr(value, "__module__", package).startswith((package, "antiphon.core"))
    }
    assert {*PUBLIC[package]} - {"__version__"} == ours
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = module.no_such_name


def test_what_is_public_is_not_too_much() -> None:
    assert sum(map(len, PUBLIC.values())) <= 106


def test_each_public_name_is_told_of_in_the_docs_or_used_by_an_example() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    code = [example.read_text() for example in (ROOT / "examples").glob("*.py")]
    for page in pages:
        code += re.findall(r"```.*?```|`[^`]+`", page.read_text(), re.DOTALL)
    words = set(re.findall(r"\w+", "\n".join(code)))
    untold = {
        f"{package}.{name}"
        for package, exported in PUBLIC.items()
        for name in exported
        if name not in words
    }
    assert untold == set()


def test_what_the_docs_and_the_examples_import_is_there() -> None:
    text = "\n".join(
        page.read_text()
        for page in [
            ROOT / "README.md",
            *(ROOT / "docs").rglob("*.md"),
            *(ROOT / "examples").glob("*.py"),
        ]
    )
    imports = re.findall(r"from (antiphon[\w.]*) import \(?([^()\n]+|[^()]+)\)?", text)
    assert imports
    for module, names in imports:
        for name in re.findall(r"\w+", names):
            assert hasattr(importlib.import_module(module), name), f"{module}.{name}"
    for dotted in set(re.findall(r"`(antiphon(?:\.\w+)+)`", text)):
        assert pkgutil.resolve_name(dotted), dotted


def test_importing_a_package_imports_no_server_and_no_sdk() -> None:
    # Each in a process of its own, which has no more than Pipecat yet.
    loaded = f"""
import os, sys, pipecat.pipeline.worker
for package in {list(PUBLIC)!r}:
    if not os.fork():
        __import__(package)
        print(package, *(name for name in {HEAVY!r} if name in sys.modules), flush=True)
        os._exit(0)
    os.wait()
"""
    result = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert (result.returncode, result.stdout.splitlines()) == (0, list(PUBLIC)), result.stderr


def test_a_supervisor_of_workers_imports_no_pipecat() -> None:
    loaded = (
        "import sys; from antiphon.pipeline.cli.command import app; "
        "from typer.testing import CliRunner; "
        "CliRunner().invoke(app, ['serve', '--help'], catch_exceptions=False); "
        "import antiphon.pipeline.server.process.supervisor; print('pipecat' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert (result.returncode, result.stdout.strip()) == (0, "False")
