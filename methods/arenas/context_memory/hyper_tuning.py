"""HyperTuning: a model that reads the context writes the adapters of another that is frozen.

The hypermodel begins as a copy of the model and is trained whole. After the context it reads learnt tokens, four for
each block; what it makes of each is turned by a small network into the two vectors of a matrix of rank one.

    (a_lj, b_lj) = MLP(state of token lj),   change of block l = sum_j a_lj b_lj^T
    L = -log p(what follows | change)

Departs from the paper: a causal model of bytes in place of T5, changes of the attention's output map alone, pretraining
by what follows a text and not by what stands between two. There are no tasks of instructions. The rate is ours.

>>> import torch
>>> change(torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[0.0, 1.0]]])).tolist()
[[[0.0, 1.0], [0.0, 2.0]]]
"""

import torch
from torch import nn

from methods.arenas.context_memory.arena import ContextMemoryMethod
from methods.arenas.context_memory.stage.task import nats
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

TOKENS = 4


def change(a, b):
    """(N, D, D) the sum of outer products of vectors (N, J, D)."""
    return a.mT @ b


class HyperTuning(ContextMemoryMethod):
    card = Card(
        title="HyperTuning",
        papers=(Paper("HyperTuning: Toward Adapting Large Language Models without Back-propagation", 2022,
                      arxiv="2211.12485"),),
        fidelity="core",
        claims=(Beats("no-context", on="recovered"), Beats("constant-adapter", on="recovered")),
        needs_scale=("Adapters written for tasks of which a few examples are read do better on new tasks than none.",),
    )

    rate: float = param(2e-3, "learning rate of the hypermodel", low=1e-4, high=3e-2)

    def learn(self, task):
        width, device = task.width, task.contexts.device
        self.reader = task.copy()
        self.tokens = nn.Parameter(0.05 * torch.randn(task.layers * TOKENS, width, device=device))
        self.head = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 2 * width)).to(device)
        with torch.no_grad():
            self.head[2].weight[width:] = 0              # b: no change at the start
            self.head[2].bias[width:] = 0
        task.learn([*self.reader.parameters(), self.tokens, *self.head.parameters()], lambda contexts, follows: nats(
            self.logits(self.read(contexts, task), follows[:, :-1], task), follows[:, 1:]).mean(), self.rate)

    def read(self, contexts, task):
        x = torch.cat([self.reader.enter(contexts), self.tokens.expand(len(contexts), -1, -1)], 1)
        for block in self.reader.blocks:
            x = block(x)
        a, b = self.head(self.reader.norm(x[:, -len(self.tokens):])).chunk(2, 2)
        return [change(a[:, i:i + TOKENS], b[:, i:i + TOKENS]) for i in range(0, len(self.tokens), TOKENS)]

    def logits(self, memory, ids, task):
        return task.adapted(ids, memory)
