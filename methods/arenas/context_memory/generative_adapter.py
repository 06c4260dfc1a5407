"""Generative adapter: the states of a context, multiplied with themselves, become a change of weights.

In every block a generator sums outer products of what the context's bytes are, evens the sum out to one length in all
directions, and adds it to the output map of attention. It learns to let the model continue, and say again, what was
read.

    S = A_2 (sum_i h_i h_i^T) B_1,   change = A_1 norm(S) B_2,   norm(S) = U V^T of S = U D V^T
    L = -log p(what follows | change) - log p(context | change)

Departs from the paper: a model of bytes, S of 16 x 16, and one chunk; U V^T comes from eight Newton-Schulz steps, as
gradients through the decomposition are unsteady, and is not cut to a rank. No tuning by instructions. The rate is ours.

>>> import torch
>>> evened(torch.diag(torch.tensor([3.0, 0.5]))[None], 12).round(decimals=3).tolist()
[[[1.0, 0.0], [0.0, 1.0]]]
"""

import torch
from torch import nn

from methods.arenas.context_memory.arena import ContextMemoryMethod
from methods.arenas.context_memory.stage.task import nats
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def evened(s, steps=8):
    """(..., r, r) U V^T of matrices, nearly: singular values brought to 1."""
    x = s / (s.norm(dim=(-2, -1), keepdim=True) + 1e-6)
    for _ in range(steps):
        x = 1.5 * x - 0.5 * x @ x.mT @ x
    return x


class GenerativeAdapter(ContextMemoryMethod):
    card = Card(
        title="GenerativeAdapter",
        papers=(Paper("Generative Adapter: Contextualizing Language Models in Parameters with A Single Forward Pass",
                      2024, arxiv="2411.05877"),),
        fidelity="core",
        claims=(Beats("no-context", on="recovered"), Beats("context-fine-tuning", on="recovered"),
                Beats("context-fine-tuning", on="recovered", setting="lists")),
    )

    rate: float = param(3e-3, "learning rate of the generator", low=1e-4, high=3e-2)
    again: float = param(1.0, "weight of saying the context again", low=0.0, high=4.0)

    def learn(self, task):
        shape, device = (task.layers, task.width, 16), task.contexts.device
        self.inner, self.outer = (nn.Parameter(torch.randn(2, *shape, device=device) * task.width ** -0.5)
                                  for _ in range(2))
        with torch.no_grad():
            self.outer[1].zero_()                        # B_2: no change at the start

        def loss(contexts, follows):
            memory = self.read(contexts, task)
            value = nats(self.logits(memory, follows[:, :-1], task), follows[:, 1:]).mean()
            if self.again:
                value = value + self.again * nats(self.logits(memory, contexts[:, :-1], task), contexts[:, 1:]).mean()
            return value

        task.learn([self.inner, self.outer], loss, self.rate)

    def read(self, contexts, task):
        with torch.no_grad():
            states = task.states(contexts)[:-1]
        changes = []
        for layer, h in enumerate(states):
            left, right = h @ self.inner[0, layer], h @ self.inner[1, layer]                # (N, C, 16)
            changes.append(self.outer[0, layer] @ evened(left.mT @ right) @ self.outer[1, layer].mT)
        return changes

    def logits(self, memory, ids, task):
        return task.adapted(ids, memory)
