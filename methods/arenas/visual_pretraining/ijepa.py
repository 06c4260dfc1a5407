"""I-JEPA: guess the features, not the dots, of four blocks of a picture from the rest.

A slow copy of the encoder sees the whole picture and says what the hidden blocks' features are; the encoder sees the
rest alone, and a narrow predictor with a learnt token and the wanted positions guesses them.

    loss = mean over blocks of smooth L1(g(f(context), positions), norm(slow(picture))[block])
    slow <- m slow + (1 - m) f,   m from m0 to 1 in a line

Departs from the paper: transformer and optimiser are the arena's; blocks are squares of half a side; a batch shares its
blocks; what is in no block is the context; m0 is 0.99 for so few steps (the paper's is 0.996). The smooth L1 is that
of the authors' code; the paper writes a squared distance.

>>> import torch
>>> torch.nn.functional.smooth_l1_loss(torch.tensor([0.5, 2.0]), torch.zeros(2)).item()          # (.125 + 1.5) / 2
0.8125
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.predicting import guessed_features, let_follow, network
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Ijepa(VisualPretrainingMethod):
    card = Card(
        title="I-JEPA",
        papers=(Paper("Self-Supervised Learning from Images with a Joint-Embedding Predictive Architecture", 2023,
                      arxiv="2301.08243"),),
        fidelity="core",
        claims=(Beats("mae", on="linear"),),
    )

    rate: float = rate_factor(1.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)

    def network(self, task):
        return network(task)

    def loss(self, net, x, task):
        return guessed_features(net, x, task)

    def after_step(self, net, task):
        let_follow(net, self.momentum, task.progress)
