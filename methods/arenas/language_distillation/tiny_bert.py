"""TinyBERT: embeddings, attention and states of mapped layers as the teacher's are.

    L = MSE(W_e E_S, E_T) + sum over mapped blocks MSE(Q K^T / sqrt d) + MSE(W_h H_S, H_T)

The student's one block is mapped to the teacher's last. Attention is compared before the softmax.

Departs from the paper: after the general stage the student learns from the labels, without a second stage of
distilling on augmented text; embeddings are compared with their places and the short convolution.

>>> import torch
>>> q = torch.tensor([[[[1.0], [0.0]]]])
>>> scores(q, q).tolist()
[[[[1.0, 0.0], [0.0, 0.0]]]]
"""

import math

import torch.nn.functional as F
from torch import nn

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.kit.method import Card, Paper


def scores(q, k):
    """What attention is before the softmax, of (B, heads, T, d)."""
    return q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])


class TinyBert(LanguageDistillationMethod):
    card = Card(
        title="TinyBERT",
        papers=(Paper("TinyBERT: Distilling BERT for Natural Language Understanding", 2019, arxiv="1909.10351"),),
        fidelity="core",
    )

    def fit(self, task):
        net = task.student(pretrained=False)
        maps = nn.ModuleList(nn.Linear(net.width, task.large.width, bias=False) for _ in range(2)).to(
            task.trial.device)

        def loss(ids, rows):
            said, told = net.read(ids), task.large.read(ids)
            return (F.mse_loss(maps[0](said.states[0]), told.states[0]) + F.mse_loss(maps[1](said.last), told.last)
                    + F.mse_loss(scores(*said.asked[-1][:2]), scores(*told.asked[-1][:2])))

        task.read_on([net, maps], loss, task.steps)
        task.tune([net])
        return net
