"""Scale exemplars: pull each drawing to the middle of its cluster at the size at which it is hardest to see.

No kinds are told. Besides clusters, the same drawing at three sizes is known to be one thing: the size whose embedding
is least like what the memory holds is the one to learn from. Several clusters may be right for a drawing: those it is
more like than a threshold that grows.

    hardest = argmin_scale z_s c_y,   scales 0.7, 1 and 1.4
    loss = mean over right clusters k of -log softmax(z_hardest c / 0.05)_k,   right: own, and c_k z > 0.6 + 0.3 t / T

Departs from the paper: from its abstract; boxes are given, drawings stand for people, k-means for its clustering; a
drawing at three sizes costs three passes, so there are a third of the steps; middles keep 0.9 of themselves at each
drawing, which they see at its own size; this and the thresholds are ours.

>>> import torch
>>> round(several(torch.tensor([[0.0, 0.0, -99.0]]), torch.tensor([[True, True, False]])).item(), 4)           # log 2
0.6931
"""

import torch

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.memory import TEMPERATURE, regrouped, turn_begins
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper

SCALES = (0.7, 1.0, 1.4)


def several(logits, right):
    """The mean over right answers (B, K) of minus their log share."""
    return -(logits.log_softmax(1).masked_fill(~right, 0.0).sum(1) / right.sum(1)).mean()


class ScaleExemplars(MetricMethod):
    card = Card(
        title="Scale exemplars",
        papers=(Paper("Self-similarity Driven Scale-invariant Learning for Weakly Supervised Person Search", 2023,
                      arxiv="2302.12986"),),
        fidelity="core",
        claims=(Beats("cluster-contrast", on="map_r", setting="no-labels"),),
    )

    rate: float = rate_factor(3.0)

    def fit(self, task):
        task.steps = max(4, task.steps // len(SCALES))
        return super().fit(task)

    def step(self, net, task):
        if turn_begins(task):
            self.memory = regrouped(net, task)
        x, labels = task.batch()
        sizes = torch.cat([task.sized(x, scale) for scale in SCALES])
        said = self.memory.logits(net(sizes)).unflatten(0, (len(SCALES), len(x)))
        own = said.gather(2, labels[None, :, None].expand(len(SCALES), -1, 1))[..., 0]
        hardest = own.argmin(0)
        logits = said[hardest, torch.arange(len(x), device=x.device)]
        right = logits.detach() * TEMPERATURE > 0.6 + 0.3 * task.progress
        right.scatter_(1, labels[:, None], True)
        task.trial.count(gradients=2 * len(x))
        with torch.no_grad():
            self.memory.see(net(x), labels)
        return several(logits, right)
