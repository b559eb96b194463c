"""Pipecat's Silero network, rebuilt for the windows of many calls.

ONNX Runtime computes a convolution for one window of a batch after the other, as products too small
to keep a processor busy. But a window has a fixed length, so a convolution is a matrix, and the
windows of all calls are the rows of one product: the same weights and scores for a third of the
CPU. Rebuilding needs the package onnx; without it, or with a model that is not the one known here,
Pipecat's own graph is run.
"""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, cast

import numpy as np
import onnxruntime
from loguru import logger
from numpy.typing import NDArray

__all__ = ["open_network"]

Samples = NDArray[np.float32]

# Silero VAD 5: over how many frames a step of each encoder layer goes, and what it remembers.
STRIDES = (1, 2, 2, 1)
HIDDEN = 128
LSTM_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

# A score is between 0 and 1. Sums in another order changed one by 6e-6 at most (measured).
TOLERANCE = 1e-4


@cache
def open_network(sample_rate_hz: int) -> onnxruntime.InferenceSession:
    """Open the network, once for each sample rate.

    Args:
        sample_rate_hz: 8000 or 16000.

    Returns:
        A session that takes and gives what that of Pipecat's model does.
    """
    model = resources.files("pipecat.audio.vad.data").joinpath("silero_vad.onnx").read_bytes()
    session = _open(model)
    try:
        rebuilt = _open(_rebuild(model, sample_rate_hz))
        difference = _difference(session, rebuilt, sample_rate_hz)
    except ImportError:
        return session
    except Exception as error:  # whatever another model raises where it does not fit
        logger.warning(f"Silero is slow, for its model is not known here: {error!r}")
        return session
    if difference > TOLERANCE:
        logger.warning(f"Silero is slow, for its model is not known here: {difference:g} off")
        return session
    return rebuilt


def _open(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model, sess_options=options, providers=["CPUExecutionProvider"]
    )


def _difference(
    one: onnxruntime.InferenceSession, other: onnxruntime.InferenceSession, sample_rate_hz: int
) -> float:
    """The largest difference of their scores of a noise that swells."""
    noise = np.random.default_rng(0).normal(0, 0.01, (20, 2, sample_rate_hz // 1000 * 36))
    states = [np.zeros((2, 2, HIDDEN), np.float32)] * 2
    difference = 0.0
    for loudness, windows in enumerate(noise.astype(np.float32)):
        inputs = {"input": windows * loudness, "sr": np.array(sample_rate_hz, np.int64)}
        scores = []
        for number, session in enumerate((one, other)):
            outputs = session.run(None, {**inputs, "state": states[number]})
            score, states[number] = cast(list[Samples], outputs)
            scores.append(score)
        difference = max(difference, float(np.abs(scores[0] - scores[1]).max()))
    return difference


class _Graph:
    """An ONNX graph that grows node by node."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, values: Any) -> str:
        """Add a constant, and return its name."""
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, *inputs: str, outputs: Sequence[str] = (), **attributes: Any) -> str:
        """Add an operation, and return the name of its first output."""
        from onnx import helper

        outputs = outputs or [f"node{len(self.nodes)}"]
        self.nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[0]


def _rebuild(model: bytes, sample_rate_hz: int) -> bytes:
    """Build the network of one sample rate; without onnx, that is an ImportError."""
    import onnx
    from onnx import TensorProto, helper

    weights = _weights(onnx.load_from_string(model), sample_rate_hz)
    graph = _Graph()
    _add_decoder(graph, weights, _add_encoder(graph, weights, sample_rate_hz))

    def value(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    built = helper.make_graph(
        graph.nodes,
        "silero",
        [
            value("input", TensorProto.FLOAT, "windows", "samples"),
            value("state", TensorProto.FLOAT, 2, "windows", HIDDEN),
            value("sr", TensorProto.INT64),  # as Pipecat's model takes it; here it is known
        ],
        [
            value("output", TensorProto.FLOAT, "windows", 1),
            value("stateN", TensorProto.FLOAT, 2, "windows", HIDDEN),
        ],
        graph.constants,
    )
    opset = helper.make_opsetid("", 16)
    return bytes(helper.make_model(built, opset_imports=[opset], ir_version=8).SerializeToString())


def _weights(model: Any, sample_rate_hz: int) -> dict[str, Samples]:
    """Find the weights of one sample rate, by the names that PyTorch gave them."""
    from onnx import numpy_helper

    branch = "then_branch" if sample_rate_hz == 16000 else "else_branch"
    return {
        constant.output[0].rpartition("__")[2]: numpy_helper.to_array(constant.attribute[0].t)
        for node in model.graph.node
        for attribute in node.attribute
        if attribute.name == branch
        for constant in attribute.g.node
        if constant.op_type == "Constant"
    }


def _add_encoder(graph: _Graph, weights: dict[str, Samples], sample_rate_hz: int) -> str:
    # The spectrum of frames that overlap by half; the window's end is mirrored to fill the last.
    basis = weights["stft.forward_basis_buffer"]
    bins, frame = basis.shape[0] // 2, basis.shape[2]
    mirrored = np.pad(np.arange(sample_rate_hz // 1000 * 36), (0, frame // 4), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, frame)[:: frame // 2]
    heard = graph.node("Gather", "input", graph.constant(frames.ravel()), axis=1)
    heard = graph.node("Reshape", heard, graph.constant([-1, frame]))
    heard = graph.node("MatMul", heard, graph.constant(basis[:, 0].T))
    halves = graph.constant([bins, bins])
    graph.node("Split", heard, halves, outputs=["real", "imaginary"], axis=1)
    squares = [graph.node("Mul", part, part) for part in ("real", "imaginary")]
    heard = graph.node("Sqrt", graph.node("Add", *squares))
    heard = graph.node("Reshape", heard, graph.constant([-1, len(frames) * bins]))

    shape = (len(frames), bins)
    for layer, stride in enumerate(STRIDES):
        matrix = _as_matrix(weights[f"encoder.{layer}.reparam_conv.weight"], shape, stride)
        shape = matrix.shape[1:]
        bias = np.tile(weights[f"encoder.{layer}.reparam_conv.bias"], shape[0])
        factors = graph.constant(matrix.reshape(len(matrix), -1)), graph.constant(bias)
        heard = graph.node("Relu", graph.node("Gemm", heard, *factors))
    return heard


def _as_matrix(weight: Samples, shape: tuple[int, int], stride: int) -> Samples:
    """Make the matrix of a convolution, by what it makes of each input alone.

    Args:
        weight: The kernel: outputs, inputs, 3 frames.
        shape: What it is applied to: frames, inputs.
        stride: From one step to the next, in frames.

    Returns:
        For each input of each frame: output frames, outputs.
    """
    alone = np.eye(shape[0] * shape[1], dtype=np.float32).reshape(-1, *shape)
    padded = np.pad(alone, ((0, 0), (1, 1), (0, 0)))
    steps = [padded[:, at : at + 3] for at in range(0, shape[0], stride)]
    return np.stack([np.einsum("xti,oit->xo", step, weight) for step in steps], axis=1)


def _add_decoder(graph: _Graph, weights: dict[str, Samples], heard: str) -> None:
    by_input, by_memory, *biases = (_gates(weights[f"decoder.rnn.{name}"]) for name in LSTM_WEIGHTS)
    first = graph.constant([0])
    graph.node("Split", "state", graph.constant([1, 1]), outputs=["hidden", "cell"], axis=0)
    graph.node(
        "LSTM",
        graph.node("Unsqueeze", heard, first),
        *map(graph.constant, (by_input[None], by_memory[None], np.concatenate(biases)[None])),
        *("", "hidden", "cell"),
        outputs=["", "hidden_after", "cell_after"],
        hidden_size=HIDDEN,
    )
    graph.node("Concat", "hidden_after", "cell_after", outputs=["stateN"], axis=0)
    heard = graph.node("Relu", graph.node("Squeeze", "hidden_after", first))
    voice = [weights["decoder.decoder.2.weight"][0], weights["decoder.decoder.2.bias"]]
    graph.node(
        "Sigmoid", graph.node("Gemm", heard, *map(graph.constant, voice)), outputs=["output"]
    )


def _gates(weight: Samples) -> Samples:
    """Order gates as ONNX does; PyTorch has input, forget, cell, output."""
    entry, forget, cell, output = np.split(weight, 4)
    return np.concatenate([entry, output, forget, cell])
