"""HPM: hide the patches that are hard to guess, the more of them the longer it trains.

A second decoder foretells which patches will be guessed badly, not how badly: of each two hidden patches it says which
has the larger error. A slow copy of the whole network looks at the whole picture and says where it would be hard; a
growing share of the hidden patches are the hardest ones, the rest are drawn.

    loss = MAE + mean over hidden i, j with e_i != e_j of CE(sigmoid(p_i - p_j), 1[e_i > e_j]),   no gradient through e
    hidden = the floor(a(t) n) hardest and others at random,   a(t) = 0.5 t / T,   n = 75 % of the patches
    slow <- m slow + (1 - m) net

Departs from the paper: transformer, decoders and optimiser are the arena's; each decoder has a layer into it and an
empty token of its own (the authors' share them); pictures are neither cropped nor flipped; m is 0.99 (the authors'
0.999 to 0.9999 is for a thousand times the steps).

>>> import torch
>>> round(order_loss(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.2, 0.1]])).item(), 4)               # -log sigmoid(1)
0.3133
>>> foretold, drawn = torch.tensor([[0.1, 0.9, 0.5, 0.2]]), torch.tensor([[0.8, 0.1, 0.2, 0.3]])
>>> hardest(foretold, drawn, 1, 2).int().tolist()                                # the second is hard, the first drawn
[[1, 1, 0, 0]]
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.hard import hardest, mined_loss, network, order_loss  # noqa: F401
from methods.arenas.visual_pretraining.stage.nets import follow
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Hpm(VisualPretrainingMethod):
    card = Card(
        title="HPM",
        papers=(Paper("Bootstrap Masked Visual Modeling via Hard Patches Mining", 2023, arxiv="2312.13714"),),
        fidelity="faithful",
        claims=(Beats("mae", on="linear"), Beats("mae", on="finetuned"), Beats("hpm-hardest-at-once", on="linear"),
                Beats("hpm-hardest-at-once", on="finetuned")),
    )

    rate: float = rate_factor(1.0)
    hard: float = param(0.5, "share of the hidden patches that are the hardest, in the end", low=0.0, high=1.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself", low=0.0, high=0.999)

    def network(self, task):
        return network(task)

    def loss(self, net, x, task):
        return mined_loss(net, x, task, self.hard * task.progress)

    def after_step(self, net, task):
        for name in ("encoder", "decoder", "foretell"):
            follow(getattr(net.slow, name), getattr(net, name), self.momentum)
