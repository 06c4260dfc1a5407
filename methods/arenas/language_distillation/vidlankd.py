"""VidLanKD: the student guesses hidden words while its neurons fire as the teacher's, and each word finds its own.

Two ways to learn from the states of a teacher of any width: neurons, as vectors over the words of a window, are
compared as a crowd (neuron selectivity transfer), and the two states of one word are told from those of other words
(contrastive distillation).

    L = MLM + NST + CRD
    NST = mean k(t, t') + mean k(s, s') - 2 mean k(t, s),   k(x, y) = (x y)^2 of unit neurons
    CRD = -log exp(s_i t_i / tau) / sum_j exp(s_i t_j / tau)

Departs from the paper: the teacher is a larger model of text that has seen no video, so the grounding itself is not
tested; the states compared are those of whole text, in a pass of their own, where the authors' code compares those of
the text with hidden words; negatives are the other of at most 256 words of the batch, where that code takes the same
place of other sentences, on both sides and at a temperature of 0.5; neurons have length one, as in the paper on NST;
heads are linear; then the student learns from the labels.

>>> import torch
>>> one = torch.eye(2)[None]
>>> round(nst(one, one).item(), 4), round(nst(one[:, :, :1], one).item(), 4)               # 1/2 + 1 - 2 * 1/2
(0.0, 0.5)
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def nst(said, told):
    """Squared discrepancy, kernel (x y)^2, of neurons, the columns of states (B, T, D); mean over B."""
    s, t = F.normalize(said, dim=1).transpose(1, 2), F.normalize(told, dim=1).transpose(1, 2)          # (B, D, T)
    return (t @ t.mT).square().mean() + (s @ s.mT).square().mean() - 2 * (t @ s.mT).square().mean()


def crd(said, told, tau):
    """Mean nats of finding each word's own state of the teacher among those of all words."""
    return F.cross_entropy(F.normalize(said, dim=1) @ F.normalize(told, dim=1).T / tau,
                           torch.arange(len(said), device=said.device))


class Vidlankd(LanguageDistillationMethod):
    card = Card(
        title="VidLanKD",
        papers=(Paper("VidLanKD: Improving Language Understanding via Video-Distilled Knowledge Transfer", 2021,
                      arxiv="2107.02681"),),
        fidelity="core",
        claims=(Beats("mlm-text-only", on="word_error"),),
        needs_scale=("A teacher that has learnt from videos gives the student knowledge of the physical world.",),
    )

    selectivity: float = param(1.0, "weight of the neurons' discrepancy", low=0.0, high=100.0)
    contrast: float = param(1.0, "weight of the contrast of words", low=0.0, high=10.0)
    tau: float = param(0.1, "temperature of the contrast", low=0.01, high=1.0)

    def fit(self, task):
        net = task.student(pretrained=False)
        ways = nn.ModuleList([nn.Linear(net.width, 32), nn.Linear(task.large.width, 32),
                              nn.Linear(net.width, net.width)]).to(task.trial.device)

        def loss(ids, rows):
            said, told = net.read(ids).last, task.large.read(ids).last
            words, own = said.flatten(0, 1), told.flatten(0, 1)
            some = torch.randperm(len(words), device=words.device)[:256]
            return (task.hide(net, ids) + self.selectivity * nst(ways[2](said), told)
                    + self.contrast * crd(ways[0](words[some]), ways[1](own[some]), self.tau))

        task.read_on([net, ways], loss, task.steps)
        task.tune([net])
        return net
