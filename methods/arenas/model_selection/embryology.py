"""Embryology: how often the model says what comes, each kind of piece counted alike.

    s = mean over kinds of pieces of the share of places where the likeliest piece is the right one

Kinds are words' beginnings, other letters, digits, and other marks, which the paper's tests of masked words by part of
speech become here. What a model takes a place for is counted right where it is the label or, where its kinds are not
the labels, where it is what most often meets the label. Of drawings, kinds are the first four of the bits measured on
them.

Departs from the paper: a study of one ALBERT through its training, with probes of syntax, meaning and facts; models
here read to the left only, and nothing is hidden within a text; no probe is trained.

>>> import torch
>>> met(torch.tensor([5, 5, 7]), torch.tensor([0, 1, 1])).tolist()
[True, False, True]
"""

import torch
import torch.nn.functional as F

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.task import groups
from methods.kit.method import Card, Paper


class Embryology(ModelSelectionMethod):
    card = Card(
        title="Embryology",
        papers=(Paper("Pretrained Language Model Embryology: The Birth of ALBERT", 2020, arxiv="2010.02480"),),
        fidelity="proxy",
        claims=(),
        needs_scale=("Syntax, meaning and knowledge of the world are not acquired at the same time.",
                     "More steps of pretraining do not always make a model better at a task."),
    )

    def score(self, model, task):
        y, guess = groups(task), model.guess
        right = guess == y if len(model.rows) == task.kinds else met(guess, y)
        kinds = torch.stack([task.bits[:, 0], task.bits[:, 1], task.bits[:, 2], task.bits[:, 3]], 1).bool()
        shares = [right[kinds[:, i]].float().mean() for i in range(4) if kinds[:, i].any()]
        return torch.stack(shares).mean().item() if shares else right.float().mean().item()


def met(guess, y):
    """Which labels are those that their guess most often meets."""
    table = F.one_hot(guess).T @ F.one_hot(y)
    return table.argmax(1)[guess] == y
