"""Attention only: MiniLM without the relation of values.

    L = mean over heads and words of KL(A_T || A_S),   A = softmax(Q K^T / sqrt d)

Follows the paper.

>>> import torch
>>> q = torch.tensor([[[[1.0], [0.0]]]])
>>> round(attention_loss(q, q, 0 * q, 0 * q).item(), 4)                 # KL((.7311, .2689) || (.5, .5)) / 2
0.0555
"""

import math

import torch.nn.functional as F

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.kit.method import Card, Paper


def attention_loss(q, k, of_q, of_k):
    """Mean over heads and words of KL(teacher's attention || student's), of (B, heads, T, d)."""
    told, said = ((a @ b.transpose(-1, -2) / math.sqrt(a.shape[-1])).log_softmax(-1) for a, b in ((q, k), (of_q, of_k)))
    return F.kl_div(said, told, reduction="none", log_target=True).sum(-1).mean()


class AttentionOnly(LanguageDistillationMethod):
    card = Card(
        title="Attention only",
        papers=(Paper("MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained "
                      "Transformers", 2020, arxiv="2002.10957", covers="its ablation without values"),),
        fidelity="faithful",
    )

    def fit(self, task):
        net = task.student(pretrained=False)
        task.read_on([net], lambda ids, rows: attention_loss(*task.large.read(ids).asked[-1][:2],
                                                             *net.read(ids).asked[-1][:2]), task.steps)
        task.tune([net])
        return net
