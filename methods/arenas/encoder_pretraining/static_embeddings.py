"""Static embeddings: skip-gram with negative samples; a word has one vector, whatever stands around it.

    L = - log s(u_w . v_c) - sum over 5 negatives n of log s(-u_w . v_n),   c within 5 words of w

The survey's first generation of pretrained models. Negatives are drawn by frequency to the power of 3/4.

Departs from the paper: it is a survey. A step draws one distance from 1 to 5, each as likely, and takes all pairs that
far apart, where word2vec favours near words and leaves out some of the frequent ones; the vectors begin as random ones.

>>> import torch
>>> round(float(skip_gram(torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(1, 5, 2))), 4)       # 6 log 2
4.1589
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def skip_gram(word, near, negatives):
    """Of vectors (n, D), (n, D) and (n, k, D)."""
    good = F.logsigmoid((word * near).sum(-1))
    bad = F.logsigmoid(-(negatives @ word[..., None])[..., 0]).sum(-1)
    return -(good + bad).mean()


class StaticEmbeddings(EncoderPretrainingMethod):
    card = Card(
        title="Static embeddings",
        papers=(Paper("Pre-trained Models for Natural Language Processing: A Survey", 2020, arxiv="2003.08271",
                      covers="vectors of words without context"),),
        fidelity="proxy",
        claims=(Beats("no-pretraining", on="probe_bits"),),
    )
    rate_factor = 2.0
    cost = 0.5          # pairs are cheap: twice the steps

    window: int = param(5, "words to either side", low=1, high=8)

    def prepare(self, task):
        net = task.blank()
        task.add("around", nn.Embedding(task.words, net.width))
        nn.init.zeros_(task.parts["around"].weight)
        counts = torch.bincount(task.text.flatten(), minlength=task.words).float()
        self.odds = counts.pow(0.75).cpu()
        return net

    def loss(self, net, task):
        ids = task.draw()
        far = 1 + int(task.lots(1) * self.window)
        word, near = torch.cat([ids[:, far:], ids[:, :-far]]).flatten(), torch.cat([ids[:, :-far], ids[:, far:]])
        negatives = torch.multinomial(self.odds, 5 * len(word), True, generator=task.generator).view(-1, 5)
        around = task.parts["around"]
        return skip_gram(net.embed(word), around(near.flatten()), around(negatives.to(ids.device)))

    def states(self, net, ids):
        return [net.embed(ids)]
