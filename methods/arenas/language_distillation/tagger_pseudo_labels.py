"""Compact tagger by pseudo-labels: a recurrent tagger learns the teacher's tags of unlabelled text beside the labels.

    L = CE(y, p_S(labelled)) + CE(argmax p_T, p_S(text))

Departs from the paper: word classes stand in for entities, and windows without ends of sentences for sentences; word
vectors come from a small language model of this arena and there are no vectors of characters; no conditional random
field over the tags; half of each batch is labelled.

>>> import torch
>>> both(torch.zeros(1, 1, 2), torch.tensor([[1]]), torch.zeros(1, 1, 2), torch.tensor([[[3.0, 0.0]]])).item() # 2 log 2
1.3862943649291992
"""

import torch

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.arenas.language_distillation.stage.bilstm import tagger
from methods.arenas.language_distillation.stage.task import named
from methods.kit.method import Beats, Card, Matches, Paper


def both(said, labels, of_text, told):
    """The two cross-entropies: of labels, and of the tags that the teacher finds likeliest."""
    return named(said, labels) + named(of_text, told.argmax(-1))


class TaggerPseudoLabels(LanguageDistillationMethod):
    card = Card(
        title="Compact tagger by pseudo-labels",
        papers=(Paper("Training Compact Models for Low Resource Entity Tagging using Pre-trained Language Models", 2019,
                      arxiv="1910.06294"),),
        fidelity="core",
        claims=(Beats("bilstm-labels-only", on="word_error"),
                Matches("teacher-itself", on="word_error", within=2.0, cost="parameters")),
        needs_scale=("It is 36 times smaller than the teacher at a competitive score.",),
    )

    def fit(self, task):
        net = tagger(task)

        def loss(ids, rows):
            half = len(rows) // 2
            few = torch.randint(len(task.labelled), (len(rows) - half,), device=ids.device)
            said = net(torch.cat([task.labelled[few], ids[:half]]))
            return both(said[:len(few)], task.labels[few], said[len(few):], task.told[rows[:half]])

        task.read_on([net], loss, task.steps + task.options.tuning)
        return net
