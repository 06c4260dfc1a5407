"""SimCLR: find the other view of a picture among all views of the batch.

Views of one picture are to be more alike than those of two. The projector's output is put on the sphere, and each view
must name its other half among the 2B - 1 others by cosine.

    loss = mean_i -log exp(s_ij / tau) / sum_{k != i} exp(s_ik / tau),   s = cosine, j the other view of i

Departs from the paper: transformer, projector (with batch norm between its layers), views and optimiser are the
arena's.

>>> import torch
>>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
>>> round(nt_xent(z, z, 1.0).item(), 4)                                          # -log(e / (e + 1 + 1))
0.5514
"""

import torch

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import nt_xent
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Simclr(VisualPretrainingMethod):
    card = Card(
        title="SimCLR",
        papers=(Paper("A Simple Framework for Contrastive Learning of Visual Representations", 2020,
                      arxiv="2002.05709", covers="the method"),
                Paper("A Survey of the Self Supervised Learning Mechanisms for Vision Transformers", 2024,
                      arxiv="2408.17059", covers="contrast, in its comparison of families")),
        fidelity="faithful",
        claims=(Beats("rotation", on="linear"), Beats("mae", on="linear"), Beats("mae", on="knn")),
    )

    rate: float = rate_factor(1.0)
    tau: float = param(0.1, "temperature of the contrast", low=0.02, high=2.0)

    def network(self, task):
        return task.parts(task.encoder(), projector=task.head())

    def loss(self, net, x, task):
        views = task.view(torch.cat([x, x]))
        return nt_xent(*net.projector(net.encoder(views)).chunk(2), self.tau)
