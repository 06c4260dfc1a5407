"""DR-Tune: the classifier must also be right on what the pretrained encoder says, once both views are aligned.

The features move while tuning, so pretrained ones cannot be fed to the classifier as they are. They are first turned
as a whole to where the tuned features lie, then moved class by class to the tuned class centres, in which confident
examples count more. The classifier is trained on both, and so cannot lean on quirks of the few target pictures.

    loss = CE(head(z), y) + strength * CE(head(R z_0 + delta_y), y)
    R = argmin over rotations of ||R z_0 - z|| = V diag(1, ..., det) U^T,   z_0^T z = U S V^T (centred)

Departs from the paper: the banks hold one entry for each target picture instead of a queue, so that they are small.
Batch and bank have a mean loss each, where the authors' code takes one mean over both, in which its large bank counts
most; their code turns the features in every tenth step alone.

>>> import torch
>>> quarter = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
>>> z = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])
>>> (rotated(z @ quarter, z) - z).abs().max().item() < 1e-5
True
"""

import copy

import torch
import torch.nn.functional as F

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def rotated(source, target):
    """source (N, D) turned about its centre and moved so as to lie closest to target (N, D)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, _, vh = torch.linalg.svd(a.T @ b)
    flip = torch.ones(len(u), device=u.device)
    flip[-1] = torch.sign(torch.linalg.det(u @ vh))
    return a @ (u * flip @ vh) + target.mean(0)


class DrTune(FinetuningMethod):
    card = Card(
        title="DR-Tune",
        papers=(Paper("DR-Tune: Improving Fine-tuning of Pretrained Visual Models by Distribution Regularization "
                      "with Semantic Calibration", 2023, arxiv="2308.12058"),),
        fidelity="faithful",
        claims=(Beats("full-fine-tuning", on="target_accuracy"),
                Beats("l2-sp", on="target_accuracy"),
                Beats("full-fine-tuning", on="target_accuracy", setting="new-head")),
        reduces_to=("full-fine-tuning", {"strength": 0.0}),
    )

    strength: float = param(1.0, "weight of the calibrated pretrained features", low=0.0, high=4.0)
    turn: bool = param(True, "turn and move the pretrained features before use")

    @torch.no_grad()
    def prepare(self, net, task):
        self.encoder = copy.deepcopy(net).requires_grad_(False)
        self.pretrained = self.encoder.features(task.x)
        self.tuned, self.y = self.pretrained.clone(), task.y

    @torch.no_grad()
    def calibrated(self, head, length):
        """(N, D) pretrained features of all target pictures where the tuned ones lie, `length` long."""
        z0, z = F.normalize(self.pretrained, dim=1), F.normalize(self.tuned, dim=1)
        if self.turn:
            z0 = rotated(z0, z)
            confidence = (z * F.normalize(head.weight, dim=1)[self.y]).sum(1)
            for c in self.y.unique():
                rows = self.y == c
                weight = confidence[rows].softmax(0)[:, None]
                z0[rows] += (weight * z[rows]).sum(0) - z0[rows].mean(0)
        return F.normalize(z0, dim=1) * length

    def loss(self, net, task):
        batch = task.draw()
        z = net.features(batch.x)
        loss = F.cross_entropy(net.head(z), batch.y)
        if self.strength:
            bank = self.calibrated(net.head, z.detach().norm(dim=1).mean())
            loss = loss + self.strength * F.cross_entropy(net.head(bank), self.y)
            with torch.no_grad():
                self.tuned[batch.index] = z.detach()
                self.pretrained[batch.index] = self.encoder.features(batch.x)
        return loss
