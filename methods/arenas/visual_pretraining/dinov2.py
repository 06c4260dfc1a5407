"""DINOv2: DINO and iBOT with separate heads, features spread out, on pictures that are like chosen ones.

What the slow copy says is balanced over prototypes by Sinkhorn-Knopp instead of a running centre; a small force drives
each picture's feature away from its nearest one. Before that, pictures that are like none of a few chosen ones are left
out, so that what is learnt is not about everything that lies around.

    loss = CE(S(slow(v1)), f(v2)) + mean CE(S(slow(hidden patch)), g(patch)) + 0.1 KoLeo over each view
    KoLeo = -mean_i log min_j |z_i - z_j|,  z on the sphere

Departs from the paper: transformer (whose mean token stands for the class token), views (two, no small crops) and
optimiser are the arena's; 64 prototypes, not 65,536, behind two layers, not three; m0 is 0.99, not 0.994, for so few
steps; curation is by cosines of dots, not of learnt features, takes what is as near as chosen pictures are to each
other, and looks for no duplicates; the small network is not distilled from a large one.

>>> import torch
>>> round(spread(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).item(), 4)              # -log sqrt 2
-0.3466
>>> [[round(v, 3) for v in row] for row in sinkhorn(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), 1.0).tolist()]
[[0.5, 0.5], [0.5, 0.5]]
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.curated import alike
from methods.arenas.visual_pretraining.stage.dinov2 import dinov2_loss, dinov2_network
from methods.arenas.visual_pretraining.stage.distilled import let_follow, sinkhorn, spread  # noqa: F401
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper, Withstands
from methods.kit.params import param


class Dinov2(VisualPretrainingMethod):
    card = Card(
        title="DINOv2",
        papers=(Paper("DINOv2: Learning Robust Visual Features without Supervision", 2023, arxiv="2304.07193"),),
        fidelity="core",
        claims=(Beats("ibot", on="knn"), Beats("ibot", on="linear"), Beats("dino", on="knn"),
                Beats("dinov2-uncurated", on="linear", setting="polluted"),
                Withstands("dino", on="linear", to="polluted")),
        needs_scale=("a small network distilled from the large one is better than one trained on its own",),
    )

    rate: float = rate_factor(1.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)
    koleo: float = param(0.1, "weight of the spreading", low=0.0, high=2.0)

    def network(self, task):
        task.keep(alike(task.pictures, task.chosen))
        return dinov2_network(task)

    def loss(self, net, x, task):
        return dinov2_loss(net, x, task, self.koleo)

    def after_step(self, net, task):
        let_follow(net, self.momentum, task.progress)
