"""EASE: a neural bandit that looks for one ordered list, by what the model makes of the list.

A list is an arm and its vector is the frozen model's state after reading it, so order counts. A small network learns
what lists score on the validation questions, and the next to be tried has the highest bound. Out of very many lists
only some random ones are looked at, those nearest to the questions by optimal transport.

    next = argmax m(z) + nu sigma(z),   sigma^2 = g' (lam I + sum g g')^-1 g,   z = h(E),   g = gradient of m

Departs from the paper: the matrix is kept by its diagonal, as is done in code for such bandits; 30 evaluations and not
165, a quarter of them at random; transport is Sinkhorn's; nothing is said of instructions. A list scores the mean
log-likelihood of the validation answers, not their share that is right; the network of one hidden layer goes on
learning, ten steps a round, instead of anew in each.

>>> import torch
>>> from methods.arenas.in_context.stage.bandit import transport
>>> round(transport(torch.tensor([[0.0, 1.0], [1.0, 0.0]])).item(), 3)                    # all stay where they are
0.0
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.bandit import nearest_lists, random_lists, search
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Ease(InContextMethod):
    card = Card(
        title="EASE",
        papers=(Paper("Prompt Optimization with EASE? Efficient Ordering-aware Automated Selection of Exemplars", 2024,
                      arxiv="2405.16122"),),
        fidelity="core",
        claims=(Beats("best-of-n-random", on="word_accuracy", setting="fixed-list"),
                Beats("order-blind-bandit", on="word_accuracy", setting="fixed-list")),
    )

    nu: float = param(1.0, "weight of what is not known yet", low=0.0, high=10.0)
    draws: int = param(64, "random lists looked at each time", low=1, high=500)
    keep: int = param(16, "of them that are nearest to the questions", low=1, high=100)

    def one(self, task):
        def embed(lists):
            source, target = task.shown(lists)
            flat, k = (source.flatten(0, 1), target.flatten(0, 1)), source.shape[2] * source.shape[3]
            task.trial.count(positions=flat[0].numel())
            with torch.no_grad():
                states = task.model.states(*flat, flat[0][:, 0, :1], empty=True)
            return states[:, k].view(*lists.shape[:2], -1)

        def draw():
            return nearest_lists(task, random_lists(task, self.draws), self.keep)

        with torch.no_grad():
            return Prompts(search(task, embed, draw, self.nu, max(1, task.evaluations // 4)))
