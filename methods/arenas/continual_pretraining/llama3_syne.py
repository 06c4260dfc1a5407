"""Llama-3-SynE: old text by need, new text from easy to hard.

A share of every batch is old. Each source of old text is watched, and those whose loss has risen most since the text at
hand began get more of that share; new passages come in the order of the perplexity then, lowest first.

    r_i <- r_i (1 + alpha d_i) / sum_j r_j (1 + alpha d_j),   d_i = L_i / L_i(0) - 1, asked every tenth of the steps;
    a factor is at least 0.1

Departs from the paper: no synthetic questions; sources stand for topics; the share of old text is the arena's, as for
replay, so that the steps end before the hardest quarter of the new text is read; d_i is taken on the first windows of
the old texts at hand, which are learnt from as well, and not cut into classes.

>>> [round(w, 3) for w in moved([0.5, 0.5], [0.0, 0.5], 2.0)]                      # factors 1 and 2
[0.333, 0.667]
"""

import torch

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.task import mean_nats, nats
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def moved(weights, rises, alpha):
    """Weights of sources, each times 1 + alpha times its rise, at least 0.1 of itself, and made to add to one."""
    grown = [w * max(0.1, 1 + alpha * rise) for w, rise in zip(weights, rises, strict=True)]
    return [w / sum(grown) for w in grown]


class Llama3Syne(ContinualPretrainingMethod):
    card = Card(
        title="Llama-3-SynE",
        papers=(Paper("Towards Effective and Efficient Continual Pre-training of Large Language Models", 2024,
                      arxiv="2407.18743"),),
        fidelity="core",
        claims=(Beats("replay", on="mean_bpb"), Beats("naive", on="mean_bpb")),
        needs_scale=("Synthetic questions and answers add what the new text does not teach.",),
    )
    rate_factor = 3.0

    old: float = param(0.25, "of a batch, old text", low=0.1, high=0.9)
    alpha: float = param(2.0, "how fast a source's share follows its loss", low=0.0, high=10.0)
    easy_first: bool = param(True, "new text by rising perplexity, not as it comes")

    def prepare(self, net, task):
        with torch.no_grad():
            hard = torch.cat([nats(task.before, part).mean(1) for part in task.new.split(256)])
            self.first = self.watched(task.before, task)
        self.queue = hard.argsort() if self.easy_first else torch.arange(len(hard), device=hard.device)
        self.weights = [1 / len(task.past)] * len(task.past)
        return net

    def watched(self, net, task):
        """The loss of each old text, on its first windows."""
        return [float(mean_nats(net, text[:task.size])) for text in task.past]

    def batch(self, task):
        old = round(self.old * task.size)
        at = torch.arange(task.size - old) + task.step * (task.size - old)
        return torch.cat([task.new[self.queue[(at % len(self.queue)).to(task.device)]],
                          task.recall(old, torch.tensor(self.weights))])

    def loss(self, net, batch, task):
        if task.step % max(1, task.steps // 10) == 0:
            with torch.no_grad():
                now = self.watched(net, task)
            self.weights = moved(self.weights, [b / a - 1 for a, b in zip(self.first, now, strict=True)], self.alpha)
        return super().loss(net, batch, task)
