"""fastText: skip-gram whose word vectors are made of parts of words, whatever stands around them.

    L = - log s(v_w . u_c) - sum over 5 negatives n of log s(- v_w . u_n),   v_w = mean over units g of w of z_g

Negatives are other words of the batch; c stands 1 to a words to the left or right of w, a being 1 to 5, one place for
all of a step.

Departs from the paper: learnt units for the letters' n-grams and the word itself; the vector of c is made of units as
well, of another table; negatives are as frequent as words are, and no frequent word is left out; AdamW. The paper of
Basque compares such vectors with contextual ones.

>>> import torch
>>> round(float(skip_gram(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2, 5, 3))), 4)        # 6 log 2
4.1589
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card, Paper


def skip_gram(word, near, negatives):
    """Of vectors (n, D), (n, D) and (n, k, D)."""
    good = F.logsigmoid((word * near).sum(-1))
    return -(good + F.logsigmoid(-(negatives @ word[..., None])[..., 0]).sum(-1)).mean()


def pooled(vectors, place, words):
    """(B, W, D) the mean of the units (B, T, D) of each word."""
    member = F.one_hot(place, words).float()
    return member.transpose(1, 2) @ vectors / member.sum(1)[..., None].clamp(min=1)


class FastText(PretrainingCorporaMethod):
    card = Card(
        title="fastText",
        papers=(Paper("Give your Text Representation Models some Love: the Case for Basque", 2020,
                      arxiv="2004.00033"),),
        fidelity="core",
    )

    def prepare(self, task):
        net = task.blank(task.units.pieces)
        task.add("around", nn.Embedding(task.units.pieces, net.width))
        nn.init.zeros_(task.parts["around"].weight)
        self.begins = task.units.begins().to(task.device)
        return net

    def loss(self, net, task):
        ids, of = task.draw()
        place = (of - of[:, :1])
        words = int(place.max()) + 1
        word, near = (pooled(table(ids), place, words) for table in (net.embed, task.parts["around"]))
        far = min(1 + int(task.lots(1) * (1 + int(task.lots(1) * 5))), words - 1)
        there = (torch.arange(words, device=ids.device) <= place.max(1, keepdim=True).values)
        both = there[:, far:].flatten()
        left, right = word[:, :-far].flatten(0, 1)[both], near[:, far:].flatten(0, 1)[both]
        if float(task.lots(1)) < 0.5:
            left, right = (table[:, place].flatten(0, 1)[both] for table, place in (
                (word, slice(far, None)), (near, slice(None, -far))))
        others = right[(task.lots(len(left), 5) * len(left)).long()]
        return skip_gram(left, right, others)

    def states(self, net, ids):
        place = self.begins[ids].long().cumsum(1)
        means = pooled(net.embed(ids), place, int(place.max()) + 1)
        return [means.gather(1, place[..., None].expand(-1, -1, net.width))]
