"""No demonstrations: ask the frozen model straight away.

A dictionary invented for the task cannot be known, so what is left is the model's liking for some translations.

    p(y | x) = p_model(y | x)

Follows the textbook.

>>> import torch
>>> nothing(torch.zeros(2, 3, 6, dtype=torch.long)).shape[2]
0
"""

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Card


def nothing(words):
    """Rows (E, Q, 0)."""
    return words[:, :, :0]


class NoDemonstrations(InContextMethod):
    card = Card(title="No demonstrations")

    def one(self, task):
        return Prompts(task.pool.topics[:, :0])

    def choose(self, asked, task):
        return Prompts(nothing(asked.words))
