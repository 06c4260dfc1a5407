"""AdvEncoder: a generator learns one perturbation that tears features away from those of the clean pictures.

What is wanted is one movement for all pictures and all tasks. A generator makes it from noise, and is trained so that
the encoder's features of moved pictures can no longer be told to belong to the clean ones, with a term that puts the
movement into high frequencies and one that keeps it small.

    minimise over G   -5 InfoNCE(f(x), f(x + d)) + |d|^2 - |H(x + d) - H(x)|^2,   d = clamp(G(z), -radius, radius)
    H keeps the frequencies at least a quarter of the side away from the constant; means over pixels

Departs from the paper: the encoder has learnt from labels, not by self-supervision, and is a transformer; the generator
is smaller and has 150 steps, at ten times the rate; the radius is the arena's.

>>> import torch
>>> from methods.arenas.adversarial_transfer.stage.generator import contrast
>>> same = torch.eye(2)
>>> round(contrast(same, same).item(), 6), round(contrast(same, same.flip(0)).item(), 4)       # log(1 + exp(-+10))
(4.5e-05, 10.0)
"""

from methods.arenas.adversarial_transfer.arena import AttackMethod
from methods.arenas.adversarial_transfer.stage.generator import generated
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class AdvEncoder(AttackMethod):
    card = Card(
        title="AdvEncoder",
        papers=(Paper("Downstream-agnostic Adversarial Examples", 2023, arxiv="2307.12280"),),
        fidelity="core",
        claims=(Beats("random-sign-noise", on="fooled", setting="universal", by=5),
                Beats("source-head-pgd", on="fooled", setting="universal", by=1),
                Beats("adv-encoder-all-frequencies", on="fooled", setting="universal")),
        reduces_to=("adv-encoder-all-frequencies", {"high": 0.0}),
    )

    high: float = param(1.0, "weight of the change of high frequencies", low=0.0, high=10.0)

    def prepare(self, task):
        self.moved = generated(task, self.high, 2e-3)

    def perturb(self, x, task):
        return task.inside(x + self.moved, x)

    def universal(self, task):
        return self.moved
