"""GistScore: compare sentences by what passes through a bottleneck when the task is learnt.

A small encoder turns the words of a sentence into a few gist vectors, and whatever is answered must be answered from
those. What gists keep is what the task needs, so sentences are compared by gists, token against token.

    g(x) = l vectors from attention over the words;   s(x, z) = (1/l) sum_i max_j cos(g_i(x), g_j(z));   top-k

Departs from the paper: the encoder is one layer of attention above the frozen model's word vectors and not the language
model itself. Dictionaries differ from task to task, so what the answer needs of a sentence is which words it has: the
loss is to name them. It is trained on the demonstrations of all tasks of the run. l, rate and steps are ours.

>>> import torch
>>> score(torch.eye(2)[None, None], torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]])).item()
0.5
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import best_last, token_cover
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def score(g, of_pool):
    """(E, Q, P) from gists (E, Q, l, D) and (E, P, l, D)."""
    return token_cover(g, of_pool).mean(3)


class Gists(nn.Module):
    """Vectors of words (N, L, D) to gists (N, l, D), and those to logits (N, V) of the words there are."""

    def __init__(self, width, words, length):
        super().__init__()
        self.asking = nn.Parameter(torch.randn(length, width))
        self.value, self.out = nn.Linear(width, width), nn.Linear(length * width, words)

    def forward(self, x):
        attention = (self.asking @ x.transpose(1, 2) / x.shape[2] ** 0.5).softmax(2)
        return attention @ self.value(x)

    def named(self, x):
        return self.out(self(x).flatten(1))


class GistScore(InContextMethod):
    card = Card(
        title="GistScore",
        papers=(Paper("GistScore: Learning Better Representations for In-Context Example Selection with Gist "
                      "Bottlenecks", 2023, arxiv="2311.09606"),),
        fidelity="core",
        claims=(Beats("cosine-top-k", on="word_accuracy"), Beats("bm25", on="word_accuracy"),
                Beats("bsr", on="word_accuracy")),
    )

    length: int = param(3, "gist vectors of a sentence", low=1, high=8)
    steps: int = param(200, "steps of training", low=0, high=2000)
    rate: float = param(0.01, "learning rate", low=1e-4, high=0.1)

    def prepare(self, task):
        table, words = task.model.source.weight, task.pool.words.flatten(0, 1)
        wanted = F.one_hot(words, len(table)).amax(1).float()
        self.net = Gists(task.model.width, len(table), self.length).to(table.device)
        optimizer = torch.optim.AdamW(self.net.parameters(), self.rate)
        for step in range(self.steps):
            rows = torch.randint(len(words), (64,))
            loss = F.binary_cross_entropy_with_logits(self.net.named(table[words[rows]]), wanted[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if step % 50 == 0:
                task.trial.record(step, self.steps, gist_loss=loss.item())
        task.trial.count(gradients=self.steps)

    def choose(self, asked, task):
        table = task.model.source.weight
        with torch.no_grad():
            gists = [self.net(table[t].flatten(0, 1)).view(*t.shape[:2], self.length, -1)
                     for t in (asked.words, task.pool.words)]
        return Prompts(best_last(score(*gists), task.shots))
