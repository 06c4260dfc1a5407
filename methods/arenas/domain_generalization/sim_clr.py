"""SimCLR: learn without names to tell two views of a picture from all others; then a layer with names.

    loss = -log exp(z z' / tau) / sum_others exp(z z_j / tau),   then CE of a layer on features that stay

Three quarters of the steps are without names; on the pictures of the last quarter the layer is found by L-BFGS.

Departs from the paper: views are turned, zoomed and shifted; the batch is 64 and the temperature ours.

>>> import torch
>>> round(contrast(torch.eye(2), torch.eye(2), 1.0).item(), 4)
0.5514
"""

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.contrast import contrast, contrasted, probed
from methods.kit.method import Card, Paper

__all__ = ["SimClr", "contrast"]


class SimClr(DomainGeneralizationMethod):
    card = Card(
        title="SimCLR, then a layer",
        papers=(Paper("A Simple Framework for Contrastive Learning of Visual Representations", 2020,
                      arxiv="2002.05709"),),
        fidelity="core",
    )

    def fit(self, task):
        return probed(contrasted(self.net(task), task, lambda x: x), task)
