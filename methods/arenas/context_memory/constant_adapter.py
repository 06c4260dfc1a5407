"""Constant adapter: one change of the model for all documents, learnt from others.

    W_l + A_l B_l for every document, A_l, B_l of rank 8, trained for what comes next

What an adapter gains that holds nothing of the context; the change is trained as generated ones are.

>>> ConstantAdapter.slug()
'constant-adapter'
"""

import torch
from torch import nn

from methods.arenas.context_memory.arena import ContextMemoryMethod
from methods.arenas.context_memory.stage.task import nats
from methods.kit.method import Card
from methods.kit.params import param


class ConstantAdapter(ContextMemoryMethod):
    card = Card(title="Constant adapter")

    rate: float = param(3e-3, "learning rate", low=1e-4, high=3e-2)

    def learn(self, task):
        shape = task.layers, task.width, 8
        self.down = nn.Parameter(torch.randn(shape, device=task.contexts.device) * task.width ** -0.5)
        self.up = nn.Parameter(torch.zeros(shape, device=task.contexts.device))
        task.learn([self.down, self.up], lambda contexts, follows: nats(
            self.logits(self.read(contexts, task), follows[:, :-1], task), follows[:, 1:]).mean(), self.rate)

    def read(self, contexts, task):
        return self.down @ self.up.mT

    def logits(self, memory, ids, task):
        return task.adapted(ids, list(memory[:, None]))
