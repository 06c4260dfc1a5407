"""FourierFT: learn a few entries of the spectrum of the weight's change.

A matrix given by few of its Fourier coefficients can have any rank. So the change of a weight is the inverse discrete
Fourier transform of a matrix that is zero but for n entries at random places; the places are drawn once, the same for
all layers of a shape, and only the coefficients there are trained.

    F[j, k] = c_l at the l-th place (j, k), else 0                                                       (eq. 2)
    S[p, q] = sum_jk F[j, k] exp(2 pi i (p j / d1 + q k / d2)),   dW = alpha * Re(S) / (d1 d2)           (eq. 3)

Departs from the paper: the coefficients start at zero instead of at random, so that training starts from the pretrained
model (with matrices this small a random start would drown it); query, value and both maps of the feed-forward part are
changed, as for every such method here, where the paper changes query and value; n is 256 for their sizes, not 1000.

>>> import torch
>>> change_of(torch.tensor([4.0]), torch.tensor([0]), (1, 2), 1.0).tolist()        # the constant: 4 / (1 * 2)
[[2.0, 2.0]]
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Changed, replace_linears
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


def change_of(coefficients, places, shape, alpha):
    """(d1, d2) of coefficients (n,) at places (n,) of the flattened spectrum."""
    spectrum = coefficients.new_zeros(shape[0] * shape[1]).index_put((places,), coefficients).view(shape)
    return alpha * torch.fft.ifft2(spectrum).real


class Spectral(Changed):
    def __init__(self, linear, places, alpha):
        super().__init__(linear)
        self.register_buffer("places", places)
        self.alpha, self.coefficients = alpha, nn.Parameter(linear.weight.new_zeros(len(places)))

    def weight(self):
        return self.base.weight + change_of(self.coefficients, self.places, self.base.weight.shape, self.alpha)


class FourierFt(PeftMethod):
    card = Card(
        title="FourierFT",
        papers=(Paper("Parameter-Efficient Fine-Tuning with Discrete Fourier Transform", 2024, arxiv="2405.03003"),),
        fidelity="core",
        claims=(Matches("lora", on="target_accuracy", within=1.0, cost="trained parameters"),),
    )

    n: int = param(256, "coefficients of a layer's spectrum that are trained", low=8, high=640)
    alpha: float = param(150.0, "size of the change", low=1.0, high=1000.0)

    def adapt(self, net, task):
        places = {}

        def make(linear):
            shape = tuple(linear.weight.shape)
            if shape not in places:
                places[shape] = torch.randperm(shape[0] * shape[1])[:self.n].to(linear.weight.device)
            return Spectral(linear, places[shape], self.alpha)

        replace_linears(net, make)
