"""Context fine-tuning: a few steps of gradient descent on the context, for every document.

    W_l + A_l B_l, of rank 4, by steps of Adam on -log p(context)

Follows the textbook: low-rank adapters of the attention's output map, as generated ones are, with 3 steps at 0.01
(ours, not tuned).

>>> ContextFineTuning.slug()
'context-fine-tuning'
"""

import torch

from methods.arenas.context_memory.arena import ContextMemoryMethod
from methods.arenas.context_memory.stage.task import nats
from methods.kit.method import Card
from methods.kit.params import param


class ContextFineTuning(ContextMemoryMethod):
    card = Card(title="Fine-tuning on the context")

    steps: int = param(3, "steps on each context", low=1, high=20)
    rate: float = param(0.01, "learning rate", low=1e-4, high=0.3)

    def read(self, contexts, task):
        shape = len(contexts), task.layers, task.width, 4
        with torch.enable_grad():
            down = (torch.randn(shape, device=contexts.device) * task.width ** -0.5).requires_grad_(True)
            up = torch.zeros(shape, device=contexts.device, requires_grad=True)
            optimizer = torch.optim.Adam([down, up], self.rate)
            for _ in range(self.steps):
                said = task.adapted(contexts[:, :-1], list((down @ up.mT).unbind(1)))
                optimizer.zero_grad(set_to_none=True)
                nats(said, contexts[:, 1:]).mean(1).sum().backward()
                optimizer.step()
        task.trial.count(gradients=self.steps * len(contexts))
        return list((down @ up.mT).detach().unbind(1))

    def logits(self, memory, ids, task):
        return task.adapted(ids, memory)
