"""BSS: all pictures of a view take the style of one, so that style tells none of them apart.

In contrast with others a picture can be told by its style. Here each view draws one reference, and the whole batch
takes its low amplitudes and keeps its own phases: what is left to tell pictures apart is content. No names of domains
are needed.

    A(x_i') = A(x_ref) in the lowest frequencies, A(x_i) elsewhere,   one reference a view, another for the other view

Departs from the paper: glyphs instead of photographs, SimCLR alone of the three ways of learning, and the side of the
square is ours and fixed, the same as in the rival with a style a picture.

>>> import torch
>>> x = torch.rand(3, 1, 8, 8)
>>> one = batch_styled(x, 1, 0.0)  # the mean of dots is the lowest amplitude
>>> bool(torch.allclose(one.mean((1, 2, 3)), x[1].mean().expand(3), atol=1e-5))
True
"""

import torch

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.contrast import contrasted, probed, styled
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def batch_styled(x, reference, beta):
    return styled(x, x[reference:reference + 1].expand_as(x), beta)


class Bss(DomainGeneralizationMethod):
    card = Card(
        title="Batch styles standardization",
        papers=(Paper("Towards domain-invariant Self-Supervised Learning with Batch Styles Standardization", 2023,
                      arxiv="2303.06088"),),
        fidelity="core",
        claims=(Beats("fourier-per-image", on="target_accuracy"), Beats("sim-clr", on="target_accuracy"),
                Beats("sim-clr", on="target_accuracy", setting="spurious")),
    )

    beta: float = param(0.3, "side of the square of low frequencies, of the picture's", low=0.0, high=1.0)

    def view(self, x):
        return batch_styled(x, int(torch.randint(len(x), (1,))), self.beta)

    def fit(self, task):
        return probed(contrasted(self.net(task), task, self.view), task)
