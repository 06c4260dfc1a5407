"""STILTs: teach the model a task with plenty of labels on the way to the one with few.

An encoder that has only learnt from unlabelled data is first tuned on a labelled intermediate task, with a classifier
of its own. That classifier is thrown away, and the target is tuned from there. The detour gives better and steadier
results, most of all where the target has few labels.

Departs from the paper: both stages share one budget; outside the setting `sentences`, where other topics of news are
the intermediate task, it is the naming of printed letters, and the target handwritten digits; there the encoder has
learnt from pairs of sentences before.

>>> Stilts(detour=0.4).steps_of(200)
(80, 120)
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Stilts(FinetuningMethod):
    card = Card(
        title="STILTs",
        papers=(Paper("Sentence Encoders on STILTs: Supplementary Training on Intermediate Labeled-data Tasks", 2018,
                      arxiv="1811.01088"),),
        fidelity="core",
        claims=(Beats("full-fine-tuning", on="target_accuracy", setting="self-supervised"),
                Beats("full-fine-tuning", on="restart_spread", setting="self-supervised"),
                Beats("full-fine-tuning", on="target_accuracy", setting="sentences"),
                Beats("full-fine-tuning", on="restart_spread", setting="sentences")),
        reduces_to=("full-fine-tuning", {"detour": 0.0}),
    )

    detour: float = param(0.5, "share of the budget for the intermediate task", low=0.0, high=0.9)

    def steps_of(self, budget):
        """Steps on the intermediate task and on the target."""
        first = round(self.detour * budget)
        return first, budget - first

    def prepare(self, net, task):
        self.on_the_way = self.detour > 0
        if self.on_the_way:
            net.intermediate = nn.Linear(net.source_head.in_features, net.source_head.out_features).to(
                net.source_head.weight.device)
            task.stage(net, end=self.detour)

    def loss(self, net, task):
        if self.on_the_way:
            batch = task.draw_letters()
            return F.cross_entropy(net.intermediate(net.features(batch.x)), batch.y)
        return super().loss(net, task)

    def after_step(self, net, task):
        if self.on_the_way and task.enters(self.detour):
            self.on_the_way = False
            del net.intermediate
            task.stage(net)
