"""Point-CMAE: two masks of one cloud, and what both decoders make of a group that neither has seen is to be alike.

Each mask has a decoder of its own; the encoder is one. A group hidden twice gets a feature from either decoder, made
from other shown groups; their cosine is to be one. No turned or jittered second view is needed, and no negatives.

    loss = Chamfer_1 + Chamfer_2 + lam mean over groups hidden twice of (1 - cos(d1_i, d2_i))

Departs from the paper: flat clouds of 64 points in 16 groups of eight; transformer and optimiser are the arena's;
decoders have one block; there is no class token. The public code compares each group hidden twice with all groups of
the other decoder; here, as in the text, with the same group. lam is 1.

>>> import torch
>>> d1, d2 = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]), torch.tensor([[[0.0, 2.0], [3.0, 0.0]]])
>>> apart(d1, d2, torch.tensor([[True, True]])).item(), apart(d1, d2, torch.tensor([[False, True]])).item()
(0.5, 0.0)
"""

import torch.nn.functional as F

from methods.arenas.point_pretraining.arena import PointPretrainingMethod
from methods.arenas.point_pretraining.stage.task import guessed, rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def apart(d1, d2, both):
    """Mean of 1 - cosine of features (N, G, D) over the groups `both` (N, G); zero where there is none."""
    return ((1 - F.cosine_similarity(d1, d2, dim=2)) * both).sum() / both.sum().clamp(min=1)


class PointCmae(PointPretrainingMethod):
    card = Card(
        title="Point-CMAE",
        papers=(Paper("Bringing Masked Autoencoders Explicit Contrastive Properties for Point Cloud Self-Supervised "
                      "Learning", 2024, arxiv="2407.05862"),),
        fidelity="core",
        claims=tuple(Beats(rival, on=metric) for metric in ("linear", "few_labels")
                     for rival in ("point-mae", "two-masks", "point-mae-with-contrast")),
        reduces_to=("two-masks", {"lam": 0.0}),
    )

    rate: float = rate_factor(1.0)
    ratio: float = param(0.6, "share of the groups hidden", low=0.2, high=0.8)
    lam: float = param(1.0, "weight of agreement", low=0.0, high=4.0)

    def network(self, task):
        return task.parts(task.encoder(), one=task.decoder(), two=task.decoder())

    def loss(self, net, clouds, task):
        masks = [task.mask(len(clouds), self.ratio) for _ in range(2)]
        (loss1, d1), (loss2, d2) = (guessed(net.encoder, decoder, clouds, hidden)
                                    for decoder, hidden in zip((net.one, net.two), masks, strict=True))
        return loss1 + loss2 + self.lam * apart(d1, d2, masks[0] & masks[1])
