"""Predictions for pre-training: learn from labels, name the text, learn anew from the names, then from the labels.

The guessed labels are not mixed with the true ones: they are a task to be pretrained on, and the true ones have the
last word.

    M0 on D,   y' = argmax M0(u),   M1 from the start on (U, y'),   then M1 on D

Departs from the paper: only an adapter and a head learn, on the vectors of a frozen encoder, so nothing is pretrained
on hidden words beside the guesses.

>>> import torch
>>> guessed(torch.nn.Identity(), torch.tensor([[0.0, 2.0], [3.0, 1.0]])).tolist()
[1, 0]
"""

from methods.arenas.few_shot_text.arena import FewShotTextMethod
from methods.arenas.few_shot_text.stage.task import guessed
from methods.kit.method import Beats, Card, GainGrows, Paper


class PseudoLabelPretraining(FewShotTextMethod):
    card = Card(
        title="Pseudo-label pretraining",
        papers=(Paper("Predictions For Pre-training Language Models", 2020, arxiv="2011.09031"),),
        fidelity="core",
        claims=(Beats("fine-tune", on="accuracy"), Beats("self-training-union", on="accuracy"),
                Beats("fine-tune", on="accuracy", setting="more-labels"),
                GainGrows("fine-tune", on="accuracy", to="default", from_="more-labels")),
        needs_scale=("Guessing hidden words beside the guessed labels helps further.",),
    )

    def fit(self, task):
        first = task.train(task.net(), task.x, task.y)
        net = task.train(task.net(), task.text, guessed(first, task.text))
        return task.train(net, task.x, task.y)
