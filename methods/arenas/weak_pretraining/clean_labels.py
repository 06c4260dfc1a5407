"""Clean labels: the same encoder, trained on the true names of all pictures.

No method without them can count on more; it is the upper end of this arena, not a contestant.

Follows the textbook.
"""

import torch

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Card


class CleanLabels(WeakPretrainingMethod):
    card = Card(title="Clean labels (upper bound)")
    sees_truth = True

    def pretrain(self, task):
        return task.named(task.encoder(), task.layer(task.kinds), torch.arange(len(task.x), device=task.device),
                          task.truth, 1.0)
