"""Continued DINOv2: take a network that learnt from pictures of everything, and go on with those of the field.

No words and no labels: a network that DINOv2 trained on general pictures is trained by DINOv2 on the field's own. Two
papers do so, one with chest X-rays, against networks that learnt from reports, the other with blood cells from many
laboratories, against the general network, in laboratories never seen. General pictures are drawings here.

    loss = CE(S(slow(v1)), f(v2)) + mean CE(S(slow(hidden patch)), g(patch)) + 0.1 KoLeo
    on drawings for three tenths of the budget, then on the unlabelled pictures

Departs from the paper: both start from DINOv2 as published, which nobody here could pay for; transformer (whose mean
token stands for the class token), views (two, no small crops) and optimiser are the arena's; 64 prototypes
behind two layers; m0 is 0.99.

>>> import torch
>>> round(spread(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).item(), 4)                                       # -log sqrt 2
-0.3466
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.continued import continued, generic
from methods.arenas.visual_pretraining.stage.distilled import spread  # noqa: F401
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class ContinuedDinov2(VisualPretrainingMethod):
    card = Card(
        title="DINOv2, continued in the field",
        papers=(Paper("RAD-DINO: Exploring Scalable Medical Image Encoders Beyond Text Supervision", 2024,
                      arxiv="2401.10815", covers="the training on pictures alone, against training with their words"),
                Paper("DinoBloom: A Foundation Model for Generalizable Cell Embeddings in Hematology", 2024,
                      arxiv="2404.05022", covers="the training on pooled sources, against the general network")),
        fidelity="core",
        claims=(Beats("caption-contrast", on="linear"), Beats("caption-contrast", on="knn"),
                Matches("caption-contrast", on="coarse", within=2.0),
                Beats("generic-dinov2", on="knn", setting="new-style"),
                Beats("generic-dinov2", on="linear", setting="new-style")),
    )

    rate: float = rate_factor(3.0)
    first: float = param(0.3, "share of the budget spent on drawings", low=0.0, high=0.9)

    def fit(self, task):
        net = generic(task, self.rate, self.first)
        continued(net, task, self.rate, 1 - self.first)
        return net.encoder
