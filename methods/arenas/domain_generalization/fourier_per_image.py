"""Fourier per image: SimCLR whose views take the low amplitudes of another picture each.

    A(x') = A(x_j) in the lowest frequencies, A(x) elsewhere;   the phase is x's,   j drawn for each picture

Amplitudes of low frequencies are held to be style. So views differ in style from picture to picture.

Departs from the paper: FDA was made for segmenting in a known target; here the other picture is of the batch.

>>> import torch
>>> x = torch.rand(2, 1, 8, 8)
>>> bool(torch.allclose(styled(x, x, 0.5), x, atol=1e-5))  # its own style changes nothing
True
"""

import torch

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.contrast import contrasted, probed, styled
from methods.kit.method import Card, Paper
from methods.kit.params import param


class FourierPerImage(DomainGeneralizationMethod):
    card = Card(
        title="Fourier styles, one a picture",
        papers=(Paper("FDA: Fourier Domain Adaptation for Semantic Segmentation", 2020, arxiv="2004.05498"),),
        fidelity="proxy",
    )

    beta: float = param(0.3, "side of the square of low frequencies, of the picture's", low=0.0, high=1.0)

    def view(self, x):
        return styled(x, x[torch.randperm(len(x), device=x.device)], self.beta)

    def fit(self, task):
        return probed(contrasted(self.net(task), task, self.view), task)
