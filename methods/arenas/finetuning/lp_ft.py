"""LP-FT: first fit the classifier on frozen features, then tune everything.

A classifier that starts wrong sends large, arbitrary gradients into the features and bends those that the small
target happens to touch, which hurts wherever the target does not reach. Fitting the classifier first leaves little
for the features to be pulled by when they are freed.

    stage 1: min over head of CE(head(f_0(x)), y)
    stage 2: min over head and f of CE(head(f(x)), y), from there

Departs from the paper: the network is a small convolutional one (outside `sentences`), and both stages share the
arena's budget.

>>> LpFt(probe=0.25).steps_of(200)
(50, 150)
"""

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class LpFt(FinetuningMethod):
    card = Card(
        title="LP-FT",
        papers=(Paper("Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", 2022,
                      arxiv="2202.10054"),),
        fidelity="faithful",
        claims=(Beats("full-fine-tuning", on="shifted_accuracy", setting="new-head"),
                Beats("linear-probe", on="shifted_accuracy", setting="new-head"),
                Beats("full-fine-tuning", on="target_accuracy", setting="new-head")),
    )

    probe: float = param(0.3, "share of the budget for the classifier alone", low=0.0, high=0.9)

    def steps_of(self, budget):
        """Steps of both stages."""
        first = round(self.probe * budget)
        return first, budget - first

    def prepare(self, net, task):
        net.layers.requires_grad_(self.probe == 0)
        task.stage(net, end=self.probe or 1.0)

    def after_step(self, net, task):
        if self.probe and task.enters(self.probe):
            net.layers.requires_grad_(True)
            task.stage(net)
