"""What a server of the embedded agent takes of memory: when it is ready, and with one call.

It is phoned as Twilio phones it, by another process. Linux only.

    python benchmarks/speech/memory.py [--secs 25]
"""

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import psutil

MB = 2**20
TOKEN = {"TWILIO_AUTH_TOKEN": "0" * 32, "ANTIPHON_TWILIO_AUTH_TOKEN": "0" * 32}
ANTIPHON = (sys.executable, "-m", "antiphon")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--secs", type=int, default=25, help="How long the call lasts.")
    secs = parser.parse_args().secs
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, **TOKEN}
    serve = [*ANTIPHON, "serve", "--transport", "twilio", "--port", str(port)]
    server = subprocess.Popen(serve, env=environment, stderr=subprocess.DEVNULL)
    try:
        process = psutil.Process(server.pid)
        until_ready(url)
        tell("ready", process)
        load = [*ANTIPHON, "load", f"{url}/twilio/voice", "--calls", "1", "--for", str(secs)]
        call = subprocess.Popen(load, env=environment, stdout=subprocess.DEVNULL)
        if call.wait():
            raise SystemExit("the call failed")
        tell("one call", process)
    finally:
        server.terminate()
        server.wait()


def until_ready(url: str) -> None:
    for _ in range(120):
        time.sleep(0.5)
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            continue
    raise SystemExit("the server is not ready after a minute")


def tell(when: str, process: psutil.Process) -> None:
    memory = process.memory_full_info()
    print(f"{when:10}RSS {memory.rss / MB:.0f} MB, PSS {memory.pss / MB:.0f} MB")


if __name__ == "__main__":
    main()
