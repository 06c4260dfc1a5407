"""Oracle choice: of eight samples a right one, if there is any.

    y = some y_i that is right, else y_1

An upper bound that is shown the answers: what no choice among the samples exceeds.

>>> torch.tensor([[0.0, 1.0, 1.0]]).argmax(1).item()      # the first right one
1
"""

import torch

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import picked
from methods.kit.method import Card


class OracleChoice(SelfImprovementMethod):
    card = Card(title="Oracle choice")
    sees_answers = True

    def answer(self, net, asked, task):
        said, _ = task.sample(net, asked, task.samples)
        rows = picked_rows(len(asked), task.samples).to(asked.device)
        return picked(said, task.key(rows, said.flatten(0, 1)).float().view(said.shape[:2]))


def picked_rows(questions, samples):
    """The question of each sample.

    >>> picked_rows(2, 2).tolist()
    [0, 0, 1, 1]
    """
    return torch.arange(questions).repeat_interleave(samples)
