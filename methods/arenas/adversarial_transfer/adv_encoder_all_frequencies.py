"""AdvEncoder without high frequencies: its generator, trained without the term that favours them.

What is left when a part of AdvEncoder is taken away, so that the worth of that part can be measured.

Follows the textbook.
"""

from methods.arenas.adversarial_transfer.arena import AttackMethod
from methods.arenas.adversarial_transfer.stage.generator import generated
from methods.kit.method import Card


class AdvEncoderAllFrequencies(AttackMethod):
    card = Card(title="AdvEncoder, all frequencies")

    def prepare(self, task):
        self.moved = generated(task, 0.0, 2e-3)

    def perturb(self, x, task):
        return task.inside(x + self.moved, x)

    def universal(self, task):
        return self.moved
