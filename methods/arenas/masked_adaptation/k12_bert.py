"""K-12BERT: frequent words of the domain join the vocabulary, then hidden words of the domain are guessed.

    V' = V + 500 words of the domain, their vectors drawn; L = - mean over chosen t of log p(x_t | x~) over V'

Departs from the paper: what is asked are classes of words or kinds of passages by a linear classifier, where it ranks
paths of a taxonomy by cosine. In `new-language` and `code` there are no words to add, and it is DAPT.

>>> K12Bert().reads
'extended'
"""

import torch
from torch import nn

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Beats, Card, Paper


class K12Bert(MaskedAdaptationMethod):
    card = Card(
        title="K-12BERT",
        papers=(Paper("K-12BERT: BERT for K-12 education", 2022, arxiv="2205.12335"),),
        fidelity="core",
        claims=(Beats("no-adaptation", on="log_loss"), Beats("no-adaptation", on="error", setting="passages")),
    )
    reads = "extended"

    def prepare(self, task):
        net, more = task.start(), task.words - task.known
        new = 0.1 * torch.randn(more, net.width, generator=task.generator).to(task.device)
        net.embed.weight = nn.Parameter(torch.cat([net.embed.weight.detach(), new]))
        net.bias = nn.Parameter(torch.cat([net.bias.detach(), net.bias.new_zeros(more)]))
        return net
