"""SWAG: a softmax over all tags in which a picture's tags share its target, and pictures with rare tags come oftener.

    L = -(1/k) sum_{t in tags} log softmax(W z)_t, k tags;   a picture is drawn by max_{t in tags} f(t)^(-1/2)

f is how many pictures have the tag. Both papers pretrain so; they differ in size, networks and in what they compare.

Departs from the paper: the arena's pictures, encoder and steps; tags are names of doodles, as no dictionary of
synonyms is needed; the papers' bound on how often a picture is repeated is left out.

>>> import torch
>>> tags = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
>>> round(shared(torch.zeros(2, 2), tags).item(), 4), [round(v, 3) for v in rarity(tags).tolist()]         # log 2
(0.6931, [1.0, 0.707])
"""

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def shared(said, tags):
    """Mean cross-entropy of logits (N, C) with tags (N, C) that share the target."""
    target = tags / tags.sum(1, keepdim=True)
    return -(target * said.log_softmax(1)).sum(1).mean()


def rarity(tags):
    """(N,) by the rarest of a picture's tags."""
    return (tags * tags.sum(0).clamp(min=1) ** -0.5).amax(1)


class Swag(WeakPretrainingMethod):
    card = Card(
        title="SWAG",
        papers=(Paper("Revisiting Weakly Supervised Pre-Training of Visual Perception Models", 2022,
                      arxiv="2201.08371", covers="the loss and the drawing of pictures, compared with SimCLR"),
                Paper("Exploring the Limits of Weakly Supervised Pretraining", 2018, arxiv="1805.00932",
                      covers="the loss and the drawing of pictures, compared with a loss for every tag")),
        fidelity="core",
        claims=(Beats("simclr", on="map_r"), Beats("tag-bce", on="map_r")),
        needs_scale=("Transfer accuracy rises with the logarithm of the number of pictures, up to billions.",
                     "Pretraining is little harmed by wrong tags where there are hundreds of millions of pictures."),
    )

    resample: bool = param(True, "draw pictures by their rarest tag, and not all alike")

    def weights(self, task):
        return rarity(task.tags) if self.resample else None

    def loss(self, net, head, x, rows, task):
        return shared(head(net(task.view(x))), task.tags[rows])
