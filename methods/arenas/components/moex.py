"""MoEx: swap the mean and spread of features between images, and mix the labels.

Normalisers throw a feature's moments away, yet these carry something about the picture. MoEx takes a
sample's features after the first layer, removes their moments (over the channels, at each position)
and puts in those of another sample of the batch; the loss asks for both labels, mostly for
the one whose normalised features remain. The network must then read both parts.

    h_i^(j) = sigma_j * (h_i - mu_i) / sigma_i + mu_j
    loss = lam * CE(h_i^(j), y_i) + (1 - lam) * CE(h_i^(j), y_j)

Applied to a batch with some probability, never in testing. The network keeps batch normalisation. The points of
two sets do not pair up, so sets are left as they are.

Departs from the paper: a small network, and without combining it with other augmentations.

>>> h = torch.tensor([[[1.0], [3.0]], [[10.0], [30.0]]])     # two samples, two channels, one position
>>> exchanged(h, torch.tensor([1, 0])).squeeze(2).round(decimals=2).tolist()
[[10.0, 30.0], [1.0, 3.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Moex(ComponentsMethod):
    card = Card(
        title="Moment exchange (MoEx)",
        papers=(Paper("On Feature Normalization and Data Augmentation", 2020, "2002.11102"),),
        fidelity="faithful",
        claims=(Beats("batch-norm", on="accuracy"), Beats("batch-norm", on="test_loss")),
        reduces_to=("batch-norm", {"probability": 0.0}),
        waivers={"every-image-is-answered-alone": "its body has batch normalisation"},
    )

    probability: float = param(0.5, "share of the batches whose moments are swapped", low=0.0, high=1.0)
    lam: float = param(0.9, "weight of the label that belongs to the normalised features", low=0.5, high=1.0)

    def norm(self, channels, site):
        return nets.BatchNorm(channels)

    def backward(self, model, x, y):
        if x.dim() == 3:
            return super().backward(model, x, y)
        features = model.stem(x)
        if torch.rand(()) < self.probability:
            order = torch.randperm(len(features)).to(y.device)
            logits = model.head(model.embed(exchanged(features, order)))
            loss = self.lam * F.cross_entropy(logits, y) + (1 - self.lam) * F.cross_entropy(logits, y[order])
        else:
            loss = F.cross_entropy(model.head(model.embed(features)), y)
        loss.backward()
        return loss.detach()


def exchanged(h, order):
    """(N, C, ...) with each sample's moments over the channels replaced by those of sample `order`."""
    variance, mean = torch.var_mean(h, dim=1, keepdim=True)
    std = (variance + 1e-5).sqrt()
    return (h - mean) / std * std[order] + mean[order]
