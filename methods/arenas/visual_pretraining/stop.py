"""StoP: guess features at places that are not known exactly.

Where a hidden part is exactly cannot always be known, and to insist on it teaches places rather than things. I-JEPA's
wanted positions get a noise whose shape is learnt: it goes through the very layer A that context features go through,
so that A cannot vanish to get rid of the noise.

    context = A s + psi(place),   asked for = A n + psi(place) + token,   n ~ N(0, sigma^2 I)
    loss = I-JEPA's

Departs from the paper: what `ijepa` departs in, blocks and context above all. The noise goes through A with its bias,
and sigma 0.25 is the deviation, as in the authors' code, which leaves out I-JEPA's learnt token; here it is added.

>>> import torch
>>> A, n, psi = torch.tensor([[2.0, 0.0]]), torch.tensor([0.5, 1.0]), 3.0
>>> (A @ n + psi).item()
4.0
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.predicting import guessed_features, let_follow, network
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Stop(VisualPretrainingMethod):
    card = Card(
        title="StoP (FlexPredict)",
        papers=(Paper("Predicting masked tokens in stochastic locations improves masked image modeling", 2023,
                      arxiv="2308.00566"),),
        fidelity="core",
        claims=(Beats("ijepa", on="linear"), Beats("stop-fixed-noise", on="linear"), Beats("mae", on="linear")),
        reduces_to=("ijepa", {"sigma": 0.0}),
    )

    rate: float = rate_factor(1.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)
    sigma: float = param(0.25, "deviation of the noise before A", low=0.0, high=2.0)

    def network(self, task):
        return network(task)

    def loss(self, net, x, task):
        return guessed_features(net, x, task, noisy=self.sigma)

    def after_step(self, net, task):
        let_follow(net, self.momentum, task.progress)
