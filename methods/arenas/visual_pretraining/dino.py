"""DINO: agree with a slow copy of yourself about which prototypes a picture is of.

The copy sees one view and its answer, centred and sharpened so that it is neither always the same nor always everything
alike, is the target for the network on the other view.

    loss = mean over both orders of CE(softmax((slow(v1) - c) / 0.04), softmax(f(v2) / 0.1))
    c <- 0.9 c + 0.1 mean slow,   slow <- m slow + (1 - m) net, m from m0 to 1 along a cosine

Departs from the paper: transformer (whose mean token stands for the class token), views (two, no small crops) and
optimiser are the arena's; 64 prototypes, not 65,536, behind two layers, not three; the copy's temperature stays 0.04,
as the code has it by default (the paper warms it to 0.07); m0 is 0.99, not 0.996, for so few steps. In these it hardly
starts, at any of the three rates, with m0 0.9 or colder answers.

>>> import torch
>>> target, logits = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.zeros(2, 2)
>>> round(crossed(target, logits).item(), 4)                                     # log 2
0.6931
"""

import torch

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.distilled import crossed, let_follow, network
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Dino(VisualPretrainingMethod):
    card = Card(
        title="DINO",
        papers=(Paper("Emerging Properties in Self-Supervised Vision Transformers", 2021, arxiv="2104.14294"),),
        fidelity="core",
        claims=(Beats("simclr", on="knn"), Beats("simclr", on="linear")),
    )

    rate: float = rate_factor(0.3)
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)
    temperature: float = param(0.04, "of the slow copy's answers", low=0.01, high=0.1)

    def network(self, task):
        return network(task)

    def loss(self, net, x, task):
        views = task.view(torch.cat([x, x]))
        with torch.no_grad():
            target = net.centre(net.slow.head(net.slow.encoder(views)), self.temperature)
        return crossed(target, net.head(net.encoder(views)))

    def after_step(self, net, task):
        let_follow(net, self.momentum, task.progress)
