"""Lifelong pretraining: on every new text, keep saying what the model said before it, there and on a few old passages.

    L = mean -log p_t(x_i | x_<i) + lam KL(p_(t-1) || p_t), on new passages and one old one of sixteen

p_(t-1) is the model as the text began, so in a stream the teacher moves on with the texts.

Departs from the paper: bits per byte stand in for the tasks that its models are tuned on; a causal model. Of the
paper's distillations this is the one of logits. lam = 1.

>>> import torch
>>> from methods.arenas.continual_pretraining.stage.task import divergence
>>> float(divergence(torch.zeros(1, 1, 2), torch.zeros(1, 1, 2)))
0.0
"""

import torch

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.replaying import mixed
from methods.arenas.continual_pretraining.stage.task import divergence
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class LifelongPretraining(ContinualPretrainingMethod):
    card = Card(
        title="Lifelong pretraining",
        papers=(Paper("Lifelong Pretraining: Continually Adapting Language Models to Emerging Corpora", 2021,
                      arxiv="2110.08534"),),
        fidelity="core",
        claims=tuple(Beats(rival, on="mean_bpb", setting="stream") for rival in ("naive", "ewc", "replay-small")),
    )
    rate_factor = 3.0

    lam: float = param(1.0, "weight of what the model said before", low=0.0, high=10.0)

    def batch(self, task):
        return mixed(task, 0.0625)

    def loss(self, net, batch, task):
        ids = batch[:, :-1].long()
        with torch.no_grad():
            taught = task.before(ids)
        said = net(ids)
        return super().loss(lambda _: said, batch, task) + self.lam * divergence(said, taught)
