"""DistilBERT: guess the hidden words, guess them as the large model does, and point its states the same way.

    L = 5 tau^2 KL(p_T || p_S at tau = 2) + 2 CE(hidden word) + 1 (1 - cos(W h_S, h_T))

Departs from the paper: the student begins with weights drawn anew, as it is narrower than the teacher and cannot take
its blocks; for the same reason a map W is learnt between the states; the teacher's guesses are followed at hidden words
alone, where the authors' code, by default, follows them at all words; then it learns from the labels.

>>> import torch
>>> round(turned(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]])).item(), 4)          # 1 - 1 / sqrt 2
0.2929
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


def turned(a, b):
    """1 - cosine, mean over rows."""
    return (1 - F.cosine_similarity(a, b, dim=-1)).mean()


class Distilbert(LanguageDistillationMethod):
    card = Card(
        title="DistilBERT",
        papers=(Paper("DistilBERT, a distilled version of BERT: smaller, faster, cheaper and lighter", 2019,
                      arxiv="1910.01108"),),
        fidelity="core",
    )

    tau: float = param(2.0, "temperature of both", low=0.5, high=10.0)
    taught: float = param(5.0, "weight of the teacher's guesses", low=0.0, high=20.0)
    true: float = param(2.0, "weight of the true words", low=0.0, high=20.0)
    states: float = param(1.0, "weight of the direction of states", low=0.0, high=20.0)

    def fit(self, task):
        net = task.student(pretrained=False)
        wider = nn.Linear(net.width, task.large.width, bias=False).to(task.trial.device)

        def loss(ids, rows):
            seen, hidden = task.masked(ids)
            h, wanted = net.read(seen).last, task.large.read(seen).last
            said, told = net.words(h[hidden]), task.large.words(wanted[hidden])
            kl = F.kl_div((said / self.tau).log_softmax(-1), (told / self.tau).softmax(-1), reduction="batchmean")
            return (self.taught * self.tau ** 2 * kl + self.true * F.cross_entropy(said, ids[hidden])
                    + self.states * turned(wider(h), wanted))

        task.read_on([net, wider], loss, task.steps)
        task.tune([net])
        return net
