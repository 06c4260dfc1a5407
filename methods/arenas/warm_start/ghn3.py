"""GHN-3: a transformer over the graph of a network predicts all of its matrices.

    node: what its tensor is for + depth, width + degree;   attention: softmax(q k / sqrt(d) + bias of path length)
    a decoder makes the largest matrix of each node's kind, of which the network takes a part
    learnt ahead: min CE of networks with predicted weights, another of seven shapes at each step

Departs from the paper: language models of one family instead of a space of image networks; nodes are matrices, one a
tensor, in a chain; the decoder is linear, one for each kind of tensor; vectors are not predicted; 400 steps.

>>> import torch
>>> from methods.arenas.warm_start.stage.predicting import cut
>>> tuple(cut(torch.zeros(192, 48), "rise", 32).shape)
(128, 32)
"""

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import overlap, set_
from methods.arenas.warm_start.stage.predicting import Predictor, made_of
from methods.kit.method import Beats, Card, Paper


class Ghn3(WarmStartMethod):
    card = Card(
        title="GHN-3",
        papers=(Paper("Can We Scale Transformers to Predict Parameters of Diverse ImageNet Models?", 2023,
                      arxiv="2303.04143"),),
        fidelity="core",
        claims=(Beats("scratch", on="start_bits", setting="unseen-architecture"),
                Beats("scratch", on="mean_bits", setting="unseen-architecture"),
                Beats("mlp-hypernetwork", on="mean_bits", setting="unseen-architecture")),
    )

    def initialise(self, target, task):
        if not task.prepared:
            return overlap(target, task.source)
        predictor = Predictor("graph").to(task.device)
        predictor.load_state_dict(task.prepared["graph"])
        set_(target, made_of(predictor, target))
