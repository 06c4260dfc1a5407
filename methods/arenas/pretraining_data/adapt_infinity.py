"""Adapt-infinity: clusters by gradients, and in each the score that tells its passages best apart.

    v(x) = mean over places of (p - y) E, the gradient at the last state;   k-means of v;   in each cluster, of loss,
    |p - y| and entropy the score with the most spread histogram;   as many rows from each of ten bins of it

Four rounds, each over unread passages, with the model as it is then; half a round's candidates are dropped as most
alike their centre.

Departs from the paper: passages of text for instructions on pictures, so the score of grounding in a picture is left
out; the pool is the same at each round, and not all of it is scored.

>>> from math import log
>>> spread = lambda h: -sum(p * log(p) for p in h if p)
>>> spread([0.5, 0.5]) > spread([0.9, 0.1])
True
"""

import torch
import torch.nn.functional as F

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.quality import parts
from methods.kit.method import Beats, Card, Paper

BINS = 10


@torch.no_grad()
def looked_at(net, windows, batch=256):
    """Gradients (N, D) at the last state, and the scores (3, N): loss, length of the error, entropy."""
    vectors, scores = [], []
    for some in windows.split(batch):
        p = net(some[:, :-1]).softmax(-1)
        right = p.gather(2, some[:, 1:, None])[..., 0]
        error = p - F.one_hot(some[:, 1:], p.shape[2])
        vectors.append((error @ net.embed.weight).mean(1))
        log_p = p.clamp(min=1e-12).log()
        scores.append(torch.stack([-right.clamp(min=1e-12).log().mean(1), error.norm(dim=2).mean(1),
                                   -(p * log_p).sum(2).mean(1)]))
    return torch.cat(vectors), torch.cat(scores, 1)


def binned(score):
    """(N,) the tenth of the range that each score is in."""
    return ((score - score.min()) / (score.max() - score.min()).clamp(min=1e-9) * BINS).long().clamp(max=BINS - 1)


def spread(score):
    """The entropy of the histogram of a score."""
    p = torch.bincount(binned(score), minlength=BINS) / len(score)
    return float(-(p * p.clamp(min=1e-12).log()).sum())


class AdaptInfinity(PretrainingDataMethod):
    card = Card(
        title="Adapt-infinity",
        papers=(Paper("Adapt-infty: Scalable Lifelong Multimodal Instruction Tuning via Dynamic Data Selection", 2024,
                      arxiv="2410.10636"),),
        fidelity="proxy",
        claims=(Beats("random-rounds", on="bits_per_byte"), Beats("points-filter", on="bits_per_byte")),
    )
    rounds = 4

    def choose(self, task):
        free = torch.ones(len(task.pool), dtype=torch.bool, device=task.device)
        free[task.kept] = False
        rows = task.random(4 * task.now, free.nonzero()[:, 0])
        vectors, scores = looked_at(task.net, task.pool[rows])
        vectors = F.normalize(vectors, dim=1)
        of, centres = task.clusters(vectors, 16)
        alike = (vectors * F.normalize(centres, dim=1)[of]).sum(1)
        chosen = []
        for j, many in enumerate(parts(torch.bincount(of, minlength=len(centres)).float().cpu(), task.now)):
            inside = (of == j).nonzero()[:, 0]
            inside = inside[alike[inside].argsort()[:max(many, len(inside) // 2)]]
            if many:
                chosen.append(inside[self.stratified(max(scores[:, inside], key=spread), many, task)])
        return rows[torch.cat(chosen)]

    @staticmethod
    def stratified(score, many, task):
        """Rows from each bin in turn, by chance inside."""
        bins, luck = binned(score), task.noise(len(score))
        order = luck.argsort()
        turn = torch.zeros(len(score), device=score.device)
        for b in range(BINS):
            inside = order[bins[order] == b]
            turn[inside] = torch.arange(len(inside), device=score.device, dtype=torch.float)
        return (turn + luck).argsort()[:many]
