"""Best of n random: try random lists on the validation questions and keep the best.

    Z = argmax over n random lists of the mean log-likelihood of the validation answers

Follows the textbook.

>>> import torch
>>> best(torch.tensor([[[0, 1], [2, 3]]]), torch.tensor([[-2.0, -1.0]])).tolist()
[[2, 3]]
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.bandit import random_lists
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Card


def best(lists, scores):
    """(E, K) of lists (E, N, K) by scores (E, N)."""
    return lists[torch.arange(len(lists), device=lists.device), scores.argmax(1)]


class BestOfNRandom(InContextMethod):
    card = Card(title="Best of n random")

    def one(self, task):
        lists = random_lists(task, task.evaluations)
        with torch.no_grad():
            return Prompts(best(lists, torch.stack([task.one_list(rows) for rows in lists.unbind(1)], 1)))
