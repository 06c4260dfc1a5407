"""Self-training on the union: learn from labels, name the text, learn anew from both together.

    M0 on D,   y' = argmax M0(u),   M1 from the start on D and (U, y') mixed

Follows the textbook.

>>> import torch
>>> guessed(torch.nn.Identity(), torch.tensor([[0.0, 2.0], [3.0, 1.0]])).tolist()
[1, 0]
"""

import torch

from methods.arenas.few_shot_text.arena import FewShotTextMethod
from methods.arenas.few_shot_text.stage.task import guessed
from methods.kit.method import Card


class SelfTrainingUnion(FewShotTextMethod):
    card = Card(title="Self-training on the union")

    def fit(self, task):
        first = task.train(task.net(), task.x, task.y)
        return task.train(task.net(), torch.cat([task.x, task.text]),
                          torch.cat([task.y, guessed(first, task.text)]))
