"""Regression: the network says one vector, the mean of what may follow.

    L = mean |f(x_<n) - x_n|^2

Departs from the paper: its size, and vectors of words' weights for those of a sentence encoder with a decoder.

>>> (1.0 - 3.0) ** 2
4.0
"""

from methods.arenas.sentence_prediction.arena import SentencePredictionMethod
from methods.kit.method import Beats, Card, Paper


class MseRegression(SentencePredictionMethod):
    card = Card(
        title="Base-LCM",
        papers=(Paper("Large Concept Models: Language Modeling in a Sentence Representation Space", 2024,
                      arxiv="2412.08821", covers="regression, its base model"),),
        fidelity="core",
        claims=(Beats("large-concept-model", on="l2", by=0.02),),
    )

    def prepare(self, task):
        return task.reader()

    def loss(self, net, x, task):
        return (net(x[:, :-1]) - x[:, 1:]).square().mean()

    def predict(self, net, context, beyond, task):
        return net(context)[:, -1]
