"""All labels: adapter and head learn from the labelled sentences and the true labels of the text.

No method without these labels can count on more; it is the upper end of this arena, not a contestant.

    L = CE(y, p)

Follows the textbook.

>>> import torch
>>> Net(4, 2)(torch.zeros(3, 4)).shape
torch.Size([3, 2])
"""

import torch

from methods.arenas.few_shot_text.arena import FewShotTextMethod
from methods.arenas.few_shot_text.stage.task import Net
from methods.kit.method import Card


class AllLabels(FewShotTextMethod):
    card = Card(title="All labels (upper bound)")
    sees_all_labels = True

    def fit(self, task):
        net: Net = task.net()
        return task.train(net, torch.cat([task.x, task.text]), torch.cat([task.y, task.truth]))
