"""Model Stock: two tuned models are enough to find the centre that many would average to.

Tuned weights lie on a thin shell around a centre that is better than any of them. The angle between two models, seen
from the pretrained weights, tells where on the line from the pretrained weights to their mean the point nearest to
that centre lies, layer by layer.

    w = t * mean(w_i) + (1 - t) * w_0,   t = k * cos(theta) / ((k - 1) * cos(theta) + 1)

Departs from the paper: the models share one run's budget, and are merged once, at the end.

>>> round(ratio(0.5, 2), 4)           # 2 * 0.5 / (0.5 + 1)
0.6667
"""

import torch
import torch.nn.functional as F

from methods.arenas.finetuning.stage.several_runs import SeveralRuns
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def ratio(cosine, k):
    """Share of the mean of k models whose changes have this cosine."""
    return k * cosine / ((k - 1) * cosine + 1)


def stock(members, start):
    """The merged tensor of one layer: members (k, ...), start (...)."""
    k, changes = len(members), (members - start).flatten(1)
    cosines = F.cosine_similarity(changes[:, None], changes[None], dim=2)
    pairs = cosines[~torch.eye(k, dtype=torch.bool, device=start.device)]
    t = ratio(pairs.mean().clamp(0.0, 1.0), k)
    return t * members.mean(0) + (1 - t) * start


class ModelStock(SeveralRuns):
    card = Card(
        title="Model Stock",
        papers=(Paper("Model Stock: All we need is just a few fine-tuned models", 2024, arxiv="2403.19522"),),
        fidelity="faithful",
        claims=(Matches("model-soups", on="target_accuracy", within=1.0),
                Beats("model-soups", on="shifted_accuracy"),
                Beats("full-fine-tuning", on="shifted_accuracy"),
                Beats("wise-ft", on="target_accuracy")),
    )

    many: int = param(2, "how many models share the budget", low=2, high=4)

    def finish(self, net, task):
        net.load_state_dict({name: stock(torch.stack([member[name] for member in self.members]), self.initial[name])
                             for name in self.initial})
        return net
