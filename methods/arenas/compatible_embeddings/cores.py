"""CoReS: kinds have fixed directions, as far from each other as can be, and room for those to come.

The classifier is never learnt: its rows are the vertices of a regular simplex with more vertices than kinds, so that a
kind's direction is the same in all models, each of which learns anew.

    loss = CE(softmax(W z), y),   rows of W the D + 1 vertices of a simplex in D dimensions

Departs from the paper: 256 vertices, of which 50 to 200 are of known kinds; written from a description, not compared
with the authors' code.

>>> import torch
>>> [round(v, 4) for v in SimplexClassifier(2)(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))[1].tolist()]     # 15, 105, -135
[0.9659, -0.2588, -0.7071]
"""

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.arenas.compatible_embeddings.stage.simplex import SimplexClassifier
from methods.kit.method import Beats, Card, Paper


class Cores(CompatibleMethod):
    card = Card(
        title="CoReS",
        papers=(Paper("CoReS: Compatible Representations via Stationarity", 2021, arxiv="2111.07632"),),
        fidelity="core",
        claims=(Beats("independent", on="cross_map", by=1.0), Beats("l2-to-old", on="cross_map"),
                Beats("bct", on="average_compatibility"), Beats("l2-to-old", on="average_compatibility")),
    )

    def classifier(self, task):
        return SimplexClassifier(task.features)
