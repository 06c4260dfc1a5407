"""Mixed refusals: as many refusals as examples keep part of the refusal.

The defender adds prompts of the refused task with the refusal to the examples before the model is fine-tuned.

    theta <- theta_aligned - eta grad L(theta; examples and as many refusals)

Departs from the paper: a toy with four tasks in place of an assistant; ten steps of Adam on at most 64 at once;
the rate is ours.

>>> import torch
>>> joined((torch.tensor([1]), torch.tensor([2])), (torch.tensor([3]), torch.tensor([4])))
[tensor([1, 3]), tensor([2, 4])]
"""

import torch

from methods.arenas.suppressed_skills.arena import SuppressedSkillsMethod
from methods.kit.method import Beats, Card, Paper


def joined(*parts):
    """Prompts and answers of all parts, one after another."""
    return [torch.cat(column) for column in zip(*parts, strict=True)]


class MixedRefusals(SuppressedSkillsMethod):
    card = Card(
        title="Fine-tuning with refusals mixed in",
        papers=(Paper("Fine-tuning Aligned Language Models Compromises Safety, Even When Users Do Not Intend To!", 2023,
                      arxiv="2310.03693", covers="safety examples mixed in"),),
        fidelity="core",
        claims=(Beats("fine-tuning-attack", on="refusals"),
                Beats("fine-tuning-attack", on="refusals", setting="hundred")),
    )

    def change(self, net, task):
        asked, answers = joined((task.asked, task.answers), task.refused(len(task.asked)))
        return task.tune(net, asked, answers)
