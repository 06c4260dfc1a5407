"""Attention copy: the student learns everything but where to look; there it does as the teacher does.

A self-supervised transformer may be worth its features or only its way of moving information between patches. The
student starts from random weights and is trained on the labels alone, but each of its blocks uses the attention maps
that the frozen teacher makes of the same picture, in training and when it is asked.

    tokens <- tokens + W A_T V(tokens),   A_T = softmax(Q_T K_T' / sqrt(d)),   L = CE(y, p_S)

Departs from the paper: no augmentation, as for everybody here; where student or teacher of a setting are no
transformers, new ones take their place, and the maps say nothing.

>>> import torch
>>> from methods.kit.student_nets import PatchNet
>>> one, other = PatchNet(8), PatchNet(8).eval()
>>> maps = other.tokens(torch.ones(1, 1, 8, 8))[1]
>>> bool(torch.equal(one.tokens(torch.ones(1, 1, 8, 8), maps)[1][0], maps[0]))       # it looks where the other looks
True
"""

import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.attending import Copying, attending_pair
from methods.kit.method import Card, Paper


class AttentionCopy(DistillationMethod):
    card = Card(
        title="Attention copy",
        papers=(Paper("On the Surprising Effectiveness of Attention Transfer for Vision Transformers", 2024,
                      arxiv="2411.09702", covers="copying"),),
        fidelity="faithful",
        needs_scale=("Copying attention maps recovers most of what fine-tuning the pretrained transformer gains over "
                     "training from scratch",),
    )
    labelled = 1.0

    def student(self, task):
        return Copying(*attending_pair(task))

    def loss(self, student, batch, task):
        return F.cross_entropy(student(batch.x).logits, batch.y)
