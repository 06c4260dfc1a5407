"""Random signs: move every pixel by the whole radius, up or down by chance.

The reference of this arena: what any movement of this size does, whatever the encoder.

Follows the textbook.
"""

import torch

from methods.arenas.adversarial_transfer.arena import AttackMethod
from methods.kit.method import Card


class RandomSignNoise(AttackMethod):
    card = Card(title="Random signs")

    def perturb(self, x, task):
        return task.inside(x + task.radius * self._signs(x, task), x)

    def universal(self, task):
        task.trial.record(1, 1, passes=0)
        return task.radius * self._signs(task.surrogate[:1], task)

    def _signs(self, x, task):
        return torch.randint(0, 2, x.shape, generator=task.generator, device=x.device) * 2.0 - 1
