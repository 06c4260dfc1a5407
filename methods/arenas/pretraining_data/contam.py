"""ConTAM: how much of a passage is one long copied stretch, and from where on it matters.

    s(x) = longest stretch of shared runs of 8 pieces / 65
    t* = argmax_t z(t),  z = (mean score of the unflagged - mean of all) / standard error, turned: flagged score better
    S = random rows of those with s < t*

The score of a passage is the log-likelihood under the start.

Departs from the paper: it measures how copied test items flatter a model. Here copies are within the pool, and what it
flags is left out; no skipped pieces; t leaves at least a quarter of the pool.

>>> (12 + 8 - 1) / 65 < 0.3               # twelve shared runs of eight in a row
True
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.copies import longest, shared_runs
from methods.kit.method import Card, Paper


def threshold(shares, scores):
    """The t at which leaving out s >= t lowers the mean score most, in standard errors.

    >>> import torch
    >>> round(threshold(torch.tensor([0.0, 0.1, 0.9, 1.0]), torch.tensor([0.0, 0.1, 5.0, 5.1])), 2)
    0.9
    """
    best, at = 0.0, 2.0
    for t in shares.unique().tolist():
        rest = scores[shares < t]
        if t > 0 and len(rest) >= len(scores) // 4:
            gain = float((scores.mean() - rest.mean()) / (scores.std() / len(rest) ** 0.5))
            best, at = (gain, t) if gain > best else (best, at)
    return at


class Contam(PretrainingDataMethod):
    card = Card(
        title="ConTAM",
        papers=(Paper("Evaluation data contamination in LLMs: how do we measure it and (when) does it matter?", 2024,
                      arxiv="2411.03923", covers="longest stretch and its threshold"),),
        fidelity="proxy",
        needs_scale=("Longest stretches say better than other overlaps which test items flatter a model.",),
    )

    def choose(self, task):
        shares = longest(shared_runs(task.pool, 8), 8) / task.pool.shape[1]
        return task.random(task.now, (shares < threshold(shares, -task.losses(task.start))).nonzero()[:, 0])
