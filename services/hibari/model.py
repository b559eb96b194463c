"""hibari's network and its pronunciations, verified before they are loaded.

The network tells how long each sound lasts, though not as an output. It is made one in memory: two
messages of a protocol buffer, one behind the other, are one message, so a graph with nothing but
another output is put behind the file, which itself stays as it is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from antiphon.services._extras import import_extra
from antiphon.services.hibari.packed import PackedTable
from antiphon.services.weights import in_package, verified

__all__ = ["SAMPLE_RATE_HZ", "Model", "Reading", "load_model", "verified_assets"]

SAMPLE_RATE_HZ = 24_000

Samples = NDArray[np.float32]

PINNED = {
    "hibari.onnx": "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
    "lexicon_us_gold.json.gz": "63ae94f8ef0e906d5b24fe9b59ffcbd1529aca5686a774610e43973cbaa86ad2",
    "lexicon_us_silver.json.gz": "c4c2546ebf1eb07010331e7ef785a431aa17ba8e7bfb6b4af8d654ee96a71fd3",
    "normalize.json": "d478ff05404bc43ac3e0468e306674e51085f1b1afc94cdef7c7ea4fb0d56bd8",
    "oov.json": "b462e6e5dbdf0e7346c732385d0dd844f612f1770871441c56932bff4ca75d8c",
    "oov.onnx": "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76",
    "tagger.json.gz": "d2da7502284bbbe45d49e0b7ce3ce67bdab82254150f4317f1b8559b4d38d0eb",
    "tokenizer_exceptions.json": "ddf3a3da07bdcf5144270ea4530191d8580fb4fd6f5ae93296e87916e795659a",
    "vocab.json": "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d",
}
"""What is loaded of hibari-tts 0.2.1, and the digest of each."""

# Its node with the frames of each sound; and how long a frame is, of which the spectrum has two.
_DURATIONS = "/Cast_32_output_0"
_FRAME_SECS = 2 * 300 / SAMPLE_RATE_HZ


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a text is said.

    Parameters:
        sounds: The network's numbers of its sounds.
        words: Each word, as it is read.
        starts: For each word, which of the sounds is its first.
    """

    sounds: tuple[int, ...]
    words: tuple[str, ...]
    starts: tuple[int, ...]


class Model:
    """The network and the pronunciations of one process. Used on one thread only.

    Raises:
        ImportError: If `antiphon[speech]` is not installed.
        WeightsError: If what is installed is not the hibari that was read.
    """

    def __init__(self) -> None:
        """Load them, which takes half a second."""
        assets = verified_assets()
        self._g2p = import_extra("hibari.g2p", "speech").G2P()
        for lexicon in (self._g2p.lexicon.golds, self._g2p.lexicon.silvers):
            lexicon.d = PackedTable(lexicon.d)
        self._g2p.tagger.weights = PackedTable(self._g2p.tagger.weights)
        self._normalize = import_extra("hibari.g2p.normalize", "speech").normalize
        self._synth = import_extra("hibari.dsp", "speech").synth
        self._numbers: dict[str, int] = json.loads(assets["vocab.json"].read_text("utf-8"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Its arena would keep what the longest text took, for good.
        options.enable_cpu_mem_arena = False
        network = assets["hibari.onnx"].read_bytes() + _output(_DURATIONS)
        self._network = onnxruntime.InferenceSession(
            network, options, providers=["CPUExecutionProvider"]
        )
        # What is loaded when it is first needed, as the network for unknown words is.
        self.speak(self.read("Warm-up for zyxes."), speed=1.0, pitch=1.0)

    def read(self, text: str) -> Reading:
        """Find out how a text is said.

        Args:
            text: A piece of a text, as `sayable` gives it.

        Raises:
            ValueError: If hibari fails on it.
        """
        try:
            tokens = self._g2p.phonemize_tokens(self._g2p.tokenize(self._normalize(text)))
        except Exception as error:  # whatever a table of somebody else's raises
            raise ValueError(f"a text cannot be read ({type(error).__name__})") from error
        sounds, words, starts = [0], [""], [1]
        for token in tokens:
            words[-1] += token.text
            sounds += self._known(token.phonemes or "")
            if token.whitespace:
                sounds += self._known(" ") if len(sounds) > 1 else []
                words.append("")
                starts.append(len(sounds))
        while len(sounds) > 1 and sounds[-1] == self._numbers[" "]:
            sounds.pop()
        return Reading(sounds=(*sounds, 0), words=tuple(words), starts=tuple(starts))

    def speak(
        self, reading: Reading, *, speed: float, pitch: float
    ) -> tuple[Samples, Sequence[float]]:
        """Say something.

        Args:
            reading: What.
            speed: How fast; 1.0 is the voice's own pace.
            pitch: How high; 1.0 is the voice's own.

        Returns:
            The samples, between -1 and 1, and for each word the second at which it begins.
        """
        if len(reading.sounds) < 3:
            return np.zeros(0, np.float32), [0.0] * len(reading.words)
        outputs: Any = self._network.run(
            None,
            {
                "ids": np.asarray([reading.sounds], np.int64),
                "speed": np.asarray([speed], np.float32),
            },
        )
        *spectrum, f0, frames = outputs
        parts = [part[0] for part in spectrum]
        # Noise from the same seed: the same text is the same samples, in every process.
        samples = self._synth(*parts, f0[0] * pitch, np.random.default_rng(0))
        ends = np.cumsum(frames.ravel()) * _FRAME_SECS
        starts = [float(ends[min(start, len(ends)) - 1]) for start in reading.starts]
        return samples, starts

    def _known(self, phonemes: str) -> list[int]:
        return [self._numbers[char] for char in phonemes if char in self._numbers]


def verified_assets() -> dict[str, Path]:
    """Return where each file lies that is loaded, having made sure of them.

    Raises:
        ImportError: If `antiphon[speech]` is not installed.
        WeightsError: If what is installed is not the hibari that was read.
    """
    package = in_package("hibari")
    if package is None:
        raise ImportError("hibari is not installed: pip install 'antiphon[speech]'", name="hibari")
    return {name: verified(package / "assets" / name, digest) for name, digest in PINNED.items()}


@cache
def load_model() -> Model:
    """Load the one of the process. To be called on the thread that uses it."""
    return Model()


def _output(name: str) -> bytes:
    """An ONNX model with a graph of nothing but an output of whole numbers."""
    whole_numbers = _field(1, b"\x08\x07")
    return _field(7, _field(12, _field(1, name.encode()) + _field(2, whole_numbers)))


def _field(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer, of less than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content
