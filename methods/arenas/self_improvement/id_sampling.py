"""Iterative deepening: ask the model to look again after ever longer stretches of attempts.

A stretch of B_0 attempts, then a mark that makes the model look at what it has; gamma times as many attempts after the
mark, and so on until nothing is left of the budget. All attempts vote.

    B_k = gamma^k B_0;   y_k = most frequent of all attempts so far, shown before the mark;   y = most frequent of all

Departs from the paper: the budget counts attempts at an answer and not pieces of one long trace; attempts of a stretch
are drawn side by side; after a mark the model is shown the question and the present answer alone.

>>> stretches(8, 1, 2.0), stretches(8, 2, 1.0)
([1, 2, 4, 1], [2, 2, 2, 2])
"""

import torch

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import most_agreed
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def stretches(budget, first, gamma):
    """How many attempts there are before each mark and after the last."""
    found, size = [], float(first)
    while sum(found) < budget:
        found.append(min(round(size), budget - sum(found)))
        size *= gamma
    return found


class IdSampling(SelfImprovementMethod):
    card = Card(
        title="Iterative deepening sampling",
        papers=(Paper("Iterative Deepening Sampling for Large Language Models", 2025, arxiv="2502.05449"),),
        fidelity="core",
        claims=(Beats("majority-vote", on="exact_match", setting="two-turn"),
                Beats("fixed-interval", on="exact_match", setting="two-turn")),
        waivers={"knob:gamma": "in smoke runs no two attempts agree, so the first one stands whatever follows"},
    )

    first: int = param(1, "attempts before the first mark", low=1, high=8)
    gamma: float = param(2.0, "how much longer each stretch is", low=1.0, high=4.0)

    def answer(self, net, asked, task):
        attempts = None
        for k, many in enumerate(stretches(task.samples, self.first, self.gamma)):
            prompts = asked if attempts is None else task.again(asked, most_agreed(attempts)[0])
            said, _ = task.sample(net, prompts, many, purpose=f"stretch {k}")
            attempts = said if attempts is None else torch.cat([attempts, said], 1)
        return most_agreed(attempts)
