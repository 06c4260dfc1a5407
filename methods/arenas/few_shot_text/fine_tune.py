"""Fine-tune: adapter and head learn from the labelled sentences alone.

    L = CE(y, p)

Follows the textbook.

>>> import torch
>>> Net(4, 2)(torch.zeros(3, 4)).shape
torch.Size([3, 2])
"""

from methods.arenas.few_shot_text.arena import FewShotTextMethod
from methods.arenas.few_shot_text.stage.task import Net
from methods.kit.method import Card


class FineTune(FewShotTextMethod):
    card = Card(title="Fine-tune")

    def fit(self, task):
        net: Net = task.net()
        return task.train(net, task.x, task.y)
