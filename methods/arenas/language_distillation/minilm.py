"""MiniLM: the student attends as the teacher's last block does, and relates its values as the teacher relates its own.

Only the last blocks are compared, so that the student may have any depth and, as relations are T x T, any width. What
is transferred is the language model, before any labels; then the student learns from the labels.

    L = mean over heads and words of KL(A_T || A_S) + KL(R_T || R_S)
    A = softmax(Q K^T / sqrt d),   R = softmax(V V^T / sqrt d)

Departs from the paper: no assistant of middle size, and the student's one block is compared in the first place.

>>> import torch
>>> q = torch.tensor([[[[1.0], [0.0]]]])                                # rows softmax(1, 0) and softmax(0, 0)
>>> round(relation_loss(q, q, 0 * q, 0 * q).item(), 4)                  # KL((.7311, .2689) || (.5, .5)) / 2
0.0555
"""

import math

import torch.nn.functional as F

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def relation(a, b):
    """log softmax(a b^T / sqrt d) of (B, heads, T, d)."""
    return (a @ b.transpose(-1, -2) / math.sqrt(a.shape[-1])).log_softmax(-1)


def relation_loss(a, b, of_a, of_b):
    """Mean over heads and words of KL(teacher's relation of a and b || student's)."""
    told, said = relation(a, b), relation(of_a, of_b)
    return F.kl_div(said, told, reduction="none", log_target=True).sum(-1).mean()


class Minilm(LanguageDistillationMethod):
    card = Card(
        title="MiniLM",
        papers=(Paper("MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained "
                      "Transformers", 2020, arxiv="2002.10957"),),
        fidelity="faithful",
        claims=(Beats("distilbert", on="word_error"), Beats("tiny-bert", on="word_error"),
                Beats("attention-only", on="word_error")),
        needs_scale=("An assistant of middle size helps students that are much smaller than the teacher.",
                     "Half the weights keep 99 % of the accuracy."),
    )

    values: float = param(1.0, "weight of the values' relation", low=0.0, high=10.0)

    def fit(self, task):
        net = task.student(pretrained=False)

        def loss(ids, rows):
            (q, k, v), (of_q, of_k, of_v) = task.large.read(ids).asked[-1], net.read(ids).asked[-1]
            return relation_loss(q, k, of_q, of_k) + self.values * relation_loss(v, v, of_v, of_v)

        task.read_on([net], loss, task.steps)
        task.tune([net])
        return net
