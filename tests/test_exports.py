"""What a package says it exports is there, and importing it brings nothing along."""

import importlib
import subprocess
import sys

import pytest

PACKAGES = [
    "antiphon.pipeline",
    "antiphon.processors",
    "antiphon.processors.latency",
    "antiphon.services",
    "antiphon.simulation",
    "antiphon.transports",
]
HEAVY = ["deepgram", "espeakng_loader", "fastapi", "pocketsphinx", "twilio", "uvicorn"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_exported_name_is_there(package: str) -> None:
    module = importlib.import_module(package)
    for name in getattr(module, "__all__", []):
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError):
        _ = module.no_such_name


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_imports_no_server_and_no_sdk(package: str) -> None:
    loaded = f"import sys, {package}; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    result = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert (result.returncode, result.stdout.strip()) == (0, "")


def test_a_supervisor_of_workers_imports_no_pipecat() -> None:
    loaded = (
        "import sys; from antiphon.pipeline.cli.command import app; "
        "from typer.testing import CliRunner; "
        "CliRunner().invoke(app, ['serve', '--help'], catch_exceptions=False); "
        "import antiphon.pipeline.server.process.supervisor; print('pipecat' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert (result.returncode, result.stdout.strip()) == (0, "False")
