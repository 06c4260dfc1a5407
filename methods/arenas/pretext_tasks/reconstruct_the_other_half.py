"""Reconstruct the other half: what predicts x2 from x1 is what the label needs.

If the halves are independent given the label, the best prediction of the lower half from the upper one is a mixture of
the classes' mean lower halves by their probability. It can say no more than those probabilities, so a linear head on it
needs about as many labels as there are classes, however many pixels there are. The more the halves share beside the
label, the more of that is predicted too, and the less is saved.

    psi = argmin E ||x2 - psi(x1)||^2,   psi linear in a fixed basis of x1: (Phi'Phi + N ridge I)^-1 Phi' x2
    head: ridge regression of y on psi(x1)

Follows the paper. The function class is random cosine features of x1, held small by a ridge; the paper's theorem holds
for any class that can express the conditional mean. The head is the arena's, a ridge chosen on validation pictures.

>>> import torch
>>> class Task:
...     basis = staticmethod(lambda x: x)
>>> x1 = torch.tensor([[1.0], [-1.0]])
>>> make = ReconstructTheOtherHalf(ridge=1e-6).fit(x1, 2 * x1, Task)
>>> round(make(torch.tensor([[3.0]])).item(), 3)
6.0
"""

from methods.arenas.pretext_tasks.arena import PretextMethod
from methods.arenas.pretext_tasks.stage.task import ridge_map
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


class ReconstructTheOtherHalf(PretextMethod):
    card = Card(
        title="Reconstruct the other half",
        papers=(Paper("Predicting What You Already Know Helps: Provable Self-Supervised Learning", 2020,
                      arxiv="2008.01064", covers="regression of one half on the other"),),
        fidelity="faithful",
        claims=(Beats("raw-half", on="accuracy_50"), Beats("random-features", on="accuracy_50"),
                GainGrows("raw-half", on="accuracy_50", from_="same-picture", to="default")),
    )

    ridge: float = param(1e-2, "held small, for each pair", low=1e-6, high=1.0)

    def fit(self, x1, x2, task):
        weights, offset = ridge_map(task.basis(x1), x2, self.ridge)
        return lambda x: task.basis(x) @ weights + offset
