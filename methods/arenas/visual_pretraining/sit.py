"""SiT: restore a spoilt picture, name how it was turned, and find its other view, all at once.

Both views of each picture are turned by quarters, and groups of connected patches are replaced by noise or by another
picture's; one pass has to restore the dots, name the turn, and be most like the other view of the batch. How much each
of the three counts is learnt, by how sure the network is of it.

    L = sum_k exp(-s_k) L_k + s_k,   L_1 = mean over replaced dots |restored - picture|,   L_2 = CE(turn),
    L_3 = NT-Xent at 0.5

Departs from the paper: transformer and optimiser are the arena's; the mean token stands for its turn and contrast
tokens; grey pictures have no colours to distort; what is replaced is as GMML has it here; the loss is over replaced
dots, not all; it pays for two views a picture.

>>> import torch
>>> weighted(torch.tensor([2.0, 1.0]), torch.zeros(2)).item()
3.0
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import hidden_distance, nt_xent
from methods.arenas.visual_pretraining.stage.masked import replaced, restorer, shares
from methods.arenas.visual_pretraining.stage.masks import rectangles
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def weighted(losses, unsure):
    """sum exp(-s) L + s."""
    return ((-unsure).exp() * losses + unsure).sum()


class Unsure(nn.Module):
    """The three learnt s."""

    def __init__(self):
        super().__init__()
        self.s = nn.Parameter(torch.zeros(3))


class Sit(VisualPretrainingMethod):
    card = Card(
        title="SiT",
        papers=(Paper("SiT: Self-supervised vIsion Transformer", 2021, arxiv="2104.03602"),),
        fidelity="core",
        claims=tuple(Beats(rival, on=metric, setting="small-data") for metric in ("finetuned", "linear")
                     for rival in ("simclr", "rotation", "gmml")) + (Beats("scratch", on="finetuned"),),
    )

    rate: float = rate_factor(0.3)
    tau: float = param(0.5, "temperature of the contrast", low=0.05, high=2.0)
    dropped: float = param(0.75, "largest share of a picture that noise replaces", low=0.2, high=0.9)

    def network(self, task):
        encoder = task.encoder()
        return task.parts(encoder, restore=restorer(encoder), turn=nn.Linear(encoder.width, 4), project=task.head(),
                          unsure=Unsure())

    def loss(self, net, x, task):
        views = task.view(torch.cat([x, x]))
        turns = torch.randint(0, 4, (len(views),), generator=task.generator).to(x.device)
        for k in (1, 2, 3):
            views[turns == k] = torch.rot90(views[turns == k], k, (2, 3))
        patches = net.encoder.patches(views)
        share, alien = shares(len(views), self.dropped, 0.3, task.generator)
        where = rectangles(share, net.encoder.grid, net.encoder.grid // 2, task.generator).to(x.device)
        noise = torch.randn(patches.shape, generator=task.generator).to(x.device)
        tokens = net.encoder.tokens(replaced(patches, noise, where, alien.to(x.device)))
        feature = tokens.mean(1)
        losses = torch.stack([hidden_distance(net.restore(tokens), patches, where),
                              F.cross_entropy(net.turn(feature), turns),
                              nt_xent(*net.project(feature).chunk(2), self.tau)])
        return weighted(losses, net.unsure.s)
