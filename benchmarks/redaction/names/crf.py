"""A linear-chain conditional random field, fitted with numpy."""

from collections.abc import Sequence

import numpy as np

__all__ = ["fit"]

NEITHER, NAME, ADDRESS = range(3)
BATCH, LONGEST = 256, 40
RATE, LAST_RATE, DECAY = 0.25, 0.05, 0.0005


def fit(
    rows: np.ndarray,
    size: int,
    gold: np.ndarray,
    may: np.ndarray,
    runs: Sequence[tuple[int, int]],
    epochs: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The weights of the features for a name and an address, and of the steps between labels.

    Args:
        rows: The features of each token, filled up with 0.
        size: The number of features, 0 among them.
        gold: The label of each token.
        may: Whether it may be a name (1), part of an address (2) or either (3).
        runs: From which token to which a sequence goes.
        epochs: How often all are looked at.
    """
    weights = np.zeros((size, 2), np.float32)
    steps = np.zeros((3, 3), np.float32)
    total = np.full((size, 2), 1e-3, np.float32)
    total_steps = np.full((3, 3), 1e-3, np.float32)
    rng = np.random.default_rng(5)
    runs = [(a, min(b, a + LONGEST)) for a, b in runs]
    order = sorted(range(len(runs)), key=lambda r: runs[r][1] - runs[r][0])
    batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    for epoch in range(epochs):
        loss = 0.0
        rate = RATE if epoch < epochs - 2 else LAST_RATE
        for which in rng.permutation(len(batches)):
            chosen = [runs[r] for r in batches[which]]
            longest = max(b - a for a, b in chosen)
            at = np.full((len(chosen), longest), -1)
            for i, (a, b) in enumerate(chosen):
                at[i, : b - a] = np.arange(a, b)
            here = at >= 0
            flat = at[here]
            emit = np.zeros((*at.shape, 3), np.float32)
            emit[here, 1:] = weights[rows[flat]].sum(1)
            allowed = np.zeros((*at.shape, 3), bool)
            allowed[:, :, NEITHER] = True
            allowed[here, NAME] = may[flat] & 1 > 0
            allowed[here, ADDRESS] = may[flat] & 2 > 0
            emit[~allowed] = -1e4
            marginals, pairs, scores = forward_backward(emit, steps)
            labels = np.zeros(at.shape, int)
            labels[here] = gold[flat]
            loss += scores.sum() - path_score(emit, steps, labels)
            delta = (marginals - np.eye(3, dtype=np.float32)[labels])[here][:, 1:]
            gradient = DECAY * weights
            for k in range(2):
                each = np.repeat(delta[:, k], rows.shape[1])
                gradient[:, k] += np.bincount(rows[flat].ravel(), each, size)
            gradient[0] = 0
            total += gradient**2
            weights -= rate * gradient / np.sqrt(total)
            edge = np.zeros((len(chosen), 1), int)
            before, after = np.hstack([edge, labels]), np.hstack([labels, edge])
            np.add.at(pairs, (before.ravel(), after.ravel()), -1)
            pairs[0, 0] = 0
            total_steps += pairs**2
            steps -= rate * pairs / np.sqrt(total_steps)
        print(f"epoch {epoch} loss {loss / len(rows):.4f}", flush=True)
    return weights, steps


def forward_backward(
    emit: np.ndarray, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    longest = emit.shape[1]
    forward = np.empty_like(emit)
    backward = np.empty_like(emit)
    forward[:, 0] = emit[:, 0] + steps[0]
    for t in range(1, longest):
        forward[:, t] = emit[:, t] + np.logaddexp.reduce(forward[:, t - 1, :, None] + steps, 1)
    backward[:, -1] = steps[:, 0]
    for t in range(longest - 2, -1, -1):
        backward[:, t] = np.logaddexp.reduce(
            steps + (emit[:, t + 1] + backward[:, t + 1])[:, None, :], 2
        )
    log_z = np.logaddexp.reduce(forward[:, -1] + steps[:, 0], 1)
    marginals = np.exp(forward + backward - log_z[:, None, None])
    pairs = np.zeros((3, 3), np.float32)
    pairs[0] += marginals[:, 0].sum(0)
    pairs[:, 0] += marginals[:, -1].sum(0)
    for t in range(1, longest):
        both = (
            forward[:, t - 1, :, None]
            + steps
            + (emit[:, t] + backward[:, t])[:, None, :]
            - log_z[:, None, None]
        )
        pairs += np.exp(both).sum(0)
    return marginals, pairs, log_z


def path_score(emit: np.ndarray, steps: np.ndarray, labels: np.ndarray) -> float:
    score = np.take_along_axis(emit, labels[:, :, None], 2).sum()
    score += steps[0, labels[:, 0]].sum() + steps[labels[:, -1], 0].sum()
    return float(score + steps[labels[:, :-1], labels[:, 1:]].sum())
