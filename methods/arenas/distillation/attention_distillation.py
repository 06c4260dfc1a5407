"""Attention distillation: trained on labels, and its attention is to be the teacher's.

As attention copy, but the student keeps queries and keys of its own, which learn to attend as the self-supervised
teacher does; when it is asked the teacher is gone.

    L = CE(y, p_S) + lam sum_l mean_rows H(A_T,l , A_S,l),   A = softmax(Q K' / sqrt(d))

lam is 3, the weight of the authors' code.

Departs from the paper: no augmentation, as for everybody here; both blocks are distilled, where the authors leave out
the last of many; where student or teacher of a setting are no transformers, new ones take their place.

>>> import torch
>>> round(float(attended([torch.tensor([[0.25, 0.75]])], [torch.tensor([[1.0, 0.0]])])), 4)        # -log 0.25
1.3863
"""

import torch
import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.attending import attended, attending_pair
from methods.kit.method import Card, Paper
from methods.kit.params import param


class AttentionDistillation(DistillationMethod):
    card = Card(
        title="Attention distillation",
        papers=(Paper("On the Surprising Effectiveness of Attention Transfer for Vision Transformers", 2024,
                      arxiv="2411.09702", covers="distilling"),),
        fidelity="faithful",
        needs_scale=("Distilling attention maps matches fine-tuning the pretrained transformer",),
    )
    labelled = 1.0

    lam: float = param(3.0, "weight of attending alike", low=0.0, high=20.0)

    def student(self, task):
        student, self.teacher = attending_pair(task)
        return student

    def loss(self, student, batch, task):
        tokens, maps = student.tokens(batch.x)
        with torch.no_grad():
            wanted = self.teacher.tokens(batch.x)[1]
        return F.cross_entropy(student.judge(tokens).logits, batch.y) + self.lam * attended(maps, wanted)
