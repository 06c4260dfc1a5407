"""Majority vote: draw several answers and say the one that is drawn most often.

    y = argmax_y sum_i 1[y_i = y];   confidence its share

Departs from the paper: answers come without a chain of thought, so there is nothing to leave out of the vote.

>>> import torch
>>> most_agreed(torch.tensor([[[3], [5], [5], [1]]]))[0].tolist()
[[5]]
"""

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import most_agreed
from methods.kit.method import Beats, Card, Paper


class MajorityVote(SelfImprovementMethod):
    card = Card(
        title="Majority vote (self-consistency)",
        papers=(Paper("Self-Consistency Improves Chain of Thought Reasoning in Language Models", 2022,
                      arxiv="2203.11171"),),
        fidelity="core",
        claims=(Beats("greedy", on="exact_match"),),
    )

    def answer(self, net, asked, task):
        return most_agreed(task.sample(net, asked, task.samples)[0])
