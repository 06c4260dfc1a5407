"""Many-shot mean: the nearest mean when all other drawings of each kind are there.

Some eighty drawings of each kind in place of a few (35 and more in `unbalanced-queries`). What a mean can tell at most;
the upper end of this arena, not a contestant.

Follows the textbook.
"""

import torch.nn.functional as F

from methods.arenas.few_shot.arena import FewShotMethod
from methods.kit.method import Card


class ManyShotMean(FewShotMethod):
    card = Card(title="Many-shot mean (upper bound)")
    sees_many = True

    def classify(self, asked, task):
        return task.unit(asked.query) @ F.normalize(task.unit(asked.many), dim=2).transpose(1, 2)
