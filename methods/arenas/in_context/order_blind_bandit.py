"""Order-blind bandit: the same search for a list, by a vector that does not know the order.

As EASE, but a list is the mean of its demonstrations, each read alone: all orders of one set look alike, and the next
list is drawn from all, without regard to the questions.

    z = mean over the demonstrations of h(z_i),   next = argmax m(z) + nu sigma(z)

Departs from the paper: arms are sets of demonstrations, of which some random ones are looked at each time; the matrix
is kept by its diagonal and the network has one small layer, which goes on learning, ten steps a round, instead of anew;
a list scores the mean log-likelihood of the validation answers.

>>> import torch
>>> of_set(torch.tensor([[[1.0], [3.0]]]), torch.tensor([[[0, 1], [1, 0]]])).flatten().tolist()
[2.0, 2.0]
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.bandit import random_lists, search
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Card, Paper
from methods.kit.params import param


def of_set(alone, lists):
    """(E, N, D): the mean of vectors (E, P, D) of demonstrations over lists (E, N, K)."""
    return alone[torch.arange(len(lists), device=lists.device)[:, None, None], lists].mean(2)


class OrderBlindBandit(InContextMethod):
    card = Card(
        title="Order-blind bandit",
        papers=(Paper("Neural Contextual Bandits with UCB-based Exploration", 2020, arxiv="1911.04462"),),
        fidelity="core",
    )

    nu: float = param(1.0, "weight of what is not known yet", low=0.0, high=10.0)
    draws: int = param(16, "random lists looked at each time", low=1, high=100)

    def one(self, task):
        with torch.no_grad():
            pairs = task.pool.words.flatten(0, 1)[:, None], task.pool.targets.flatten(0, 1)[:, None]
            task.trial.count(positions=pairs[0].numel())
            states = task.model.states(*pairs, pairs[0][:, 0, :1], empty=True)[:, -1]
            alone = states.view(*task.pool.topics.shape, -1)
            return Prompts(search(task, lambda lists: of_set(alone, lists), lambda: random_lists(task, self.draws),
                                  self.nu, max(1, task.evaluations // 4)))
