import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import typer
from typer.testing import CliRunner, Result

from antiphon.simulation.vendors.command import emulate, parse_fault
from antiphon.simulation.vendors.faults import Fault

app = typer.Typer()
app.command()(emulate)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_port_in_use_is_one_clear_line_and_a_failure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = run("deepgram", "--port", port)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"antiphon emulate: port {port} on 127.0.0.1 is in use; choose another port"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("disconnect,after=3,code=1011", Fault("disconnect", after=3, code=1011)),
        ("status, code=429, retry_after=1.5", Fault("status", code=429, retry_after=1.5)),
        ("stall", Fault("stall")),
    ],
)
def test_a_fault_is_read_from_the_command_line(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fault", "explode"], "no fault 'explode'"),
        (["--fault", "stall,before=3"], "no field 'before=3'; there are after, code"),
        (["--fault", "stall,after=soon"], "after is a number, not 'soon'"),
        (["--fault", "stammer"], "OpenAIServer has no fault 'stammer'; there are refused"),
        (["--script", "missing.yaml"], "missing.yaml"),
        (["--heard", "missing.yaml"], "missing.yaml"),
    ],
)
def test_bad_input_is_one_clear_line_and_a_failure(arguments: list[str], says: str) -> None:
    result = run("openai", *arguments)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert says in line


@pytest.mark.parametrize(
    ("content", "says"),
    [("say: hello", "must be a YAML list"), ("- 42", "entry 1"), ("[", "is not YAML")],
)
def test_a_script_that_is_no_list_is_refused(tmp_path: Path, content: str, says: str) -> None:
    script = tmp_path / "script.yaml"
    script.write_text(content)
    result = run("openai", "--script", str(script))
    assert result.exit_code == 1
    assert says in result.stderr


def test_the_command_serves_its_script_until_it_is_stopped(tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("- Good morning.\n")
    program = (
        "import typer\nfrom antiphon.simulation.vendors.command import emulate\ntyper.run(emulate)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, "openai", "--script", str(script)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            (url,) = re.findall(r"http://\S+", line)
            body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hello"}]}
            headers = {"Authorization": "Bearer key"}
            request = Request(f"{url}/chat/completions", json.dumps(body).encode(), headers)
            with urlopen(request, timeout=10) as response:
                answer = json.load(response)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert answer["choices"][0]["message"]["content"] == "Good morning."
