"""Tuning on corrections: from the model's own wrong first attempts to right second ones.

Pairs of attempts are drawn on the questions whose answers are known; those that go from wrong to right are trained on.

    loss = -log p(y_2 | x, y_1, mark) over pairs with y_1 wrong and y_2 right

Departs from the paper: attempts are short answers without reasoning, so there is no rationale to keep; one round.

>>> import torch
>>> ((~torch.tensor([True, False])) & torch.tensor([True, True])).tolist()
[False, True]
"""

import torch

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.kit.method import Card, Paper


class SftOnCorrections(SelfImprovementMethod):
    card = Card(
        title="Tuning on corrections",
        papers=(Paper("STaR: Bootstrapping Reasoning With Reasoning", 2022, arxiv="2203.14465",
                      covers="training on what the model itself got right, for two attempts"),),
        fidelity="core",
    )

    def improve(self, net, task):
        rows = torch.arange(len(task.labelled.asked), device=task.labelled.asked.device).repeat_interleave(8)
        asked = task.labelled.asked[rows]
        first = task.sample(net, asked, purpose="first attempts")[0][:, 0]
        prompts = task.again(asked, first)
        second = task.sample(net, prompts, purpose="second attempts")[0][:, 0]
        kept = ~task.right(rows, first) & task.right(rows, second)
        return task.tune(net, prompts[kept], second[kept]) if kept.any() else net
