"""Yi: one filter after another, from rules to copies; what passes all of them is read.

    rules -> loss of a model that has read -> clusters -> near copies -> exact copies

Rules: a passage must not repeat its pieces (over a third of them different) nor be of the quarter whose pieces and
pairs of pieces are rarest. Of the rest the quarter with the highest loss is dropped, then the eighth of the clusters
that have the highest mean loss, then all but one of passages with a common band of MinHashes, exact copies with them.
What is left is drawn by chance.

Departs from the paper: it tells the order of its filters, not their strengths, which are ours; learnt filters of
quality, coherence, safety and topic are one, the loss; the architecture, long contexts and pictures are left out.

>>> import torch
>>> varied(torch.tensor([[1, 1, 1, 1], [1, 2, 3, 4]])).tolist()
[False, True]
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.copies import first_of_copies
from methods.kit.method import Beats, Card, Paper

RARE, WORST, CLUSTERS = 0.25, 0.25, 32


def varied(windows):
    """(N,) whether more than a third of the pieces differ from all before them."""
    different = windows.sort(1).values.diff(dim=1).ne(0).sum(1) + 1
    return different > windows.shape[1] / 3


def lower(scores, share):
    """(N,) which rows are not among the share with the highest scores.

    >>> lower(torch.tensor([1.0, 4.0, 2.0, 3.0]), 0.25).tolist()
    [True, False, True, True]
    """
    return scores.argsort().argsort() < round((1 - share) * len(scores))


class Yi(PretrainingDataMethod):
    card = Card(
        title="Yi",
        papers=(Paper("Yi: Open Foundation Models by 01.AI", 2024, arxiv="2403.04652", covers="the cascade of filters"),
                ),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte", by=0.02), Beats("dedup-only", on="bits_per_byte", by=0.01),
                Beats("document-filter", on="bits_per_byte", by=0.01)),
    )

    def choose(self, task):
        pool = task.pool
        grams = task.grams(pool)
        familiar = (grams @ (1 / grams.sum(0).clamp(min=1))) / grams.sum(1)
        rows = (varied(pool) & lower(familiar, RARE)).nonzero()[:, 0]
        losses = task.losses(task.teacher)
        rows = rows[lower(losses[rows], WORST)]
        of, _ = task.clusters(task.states(pool[rows]), CLUSTERS)
        many = int(of.max()) + 1
        means = torch.zeros(many, device=task.device).index_add_(0, of, losses[rows]) / \
            torch.bincount(of, minlength=many).clamp(min=1)
        rows = rows[lower(means, 1 / 8)[of]]
        return task.random(task.now, rows[first_of_copies(pool[rows])])
