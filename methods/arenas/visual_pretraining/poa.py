"""POA: train all widths at once, each a part of the widest, by the answers of a slow copy.

A slow copy answers for one view. The whole network learns these answers from the other view, and so does a part of it,
its first heads and features, whose width is drawn in every step; the part also learns what the whole network says of
the same view. In the end each width is cut out.

    loss = lam CE(S(slow(v1)), f(v2)) + (1 - lam) (CE(S(slow(v1)), f_w(v2)) + CE(S(f(v2)), f_w(v2))), and swapped

Departs from the paper: widths alone are drawn, not depths (there are two blocks); one head of 64 prototypes, whose
first layer is cut for narrower features, in place of several; two views, no small crops; transformer (whose mean token
stands for the class token) and optimiser are the arena's; m0 is 0.99; lam is 0.8, ours. In `sizes` it has the budgets
of all widths together, and what the whole, the part and each view cost is paid; elsewhere the widest is kept.

>>> import torch
>>> from methods.arenas.visual_pretraining.stage.distilled import agreement
>>> round(agreement(torch.tensor([1.0, 0.0]), torch.tensor([0.1, 0.0])).item(), 4)            # -log softmax([1, 0])[0]
0.3133
"""

import torch

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.distilled import agreement, crossed, let_follow, network, sinkhorn, warmed
from methods.arenas.visual_pretraining.stage.elastic import cut, interleave, narrow_feature, narrow_logits
from methods.arenas.visual_pretraining.stage.nets import HEAD_WIDTH
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Poa(VisualPretrainingMethod):
    card = Card(
        title="POA",
        papers=(Paper("POA: Pre-training Once for Models of All Sizes", 2024, arxiv="2408.01031"),),
        fidelity="core",
        claims=tuple(Beats(rival, on=metric, setting="sizes") for rival in ("dino", "dinov2-uncurated")
                     for metric in ("linear", "knn")),
    )

    rate: float = rate_factor(0.3)
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)
    lam: float = param(0.8, "weight of the whole network's agreement", low=0.0, high=1.0)

    def network(self, task):
        net = network(task)
        interleave(net.encoder)
        interleave(net.slow.encoder)
        return net

    def parts_of(self, task):
        """Widths that are drawn: those of the setting that are narrower, at least one head."""
        return [width for width in task.widths if width < task.width] or [max(HEAD_WIDTH, task.width // 2)]

    def loss(self, net, x, task):
        patches, temperature = net.encoder.patches(task.view(torch.cat([x, x]))), warmed(task.progress)
        with torch.no_grad():
            target = sinkhorn(net.slow.head(net.slow.encoder.tokens(patches).mean(1)), temperature)
        whole = net.head(net.encoder.tokens(patches).mean(1))
        widths = self.parts_of(task)
        width = widths[int(torch.randint(len(widths), (1,), generator=task.generator))]
        part = narrow_logits(net.head, narrow_feature(net.encoder, patches, width))
        own = sinkhorn(whole.detach(), temperature)
        of_part = crossed(target, part) + agreement(own, part).mean()
        return self.lam * crossed(target, whole) + (1 - self.lam) * of_part

    def after_step(self, net, task):
        let_follow(net, self.momentum, task.progress)

    def fit_sizes(self, tasks):
        widest = max(tasks, key=lambda task: task.width)
        widest.budget = sum(task.budget for task in tasks)
        encoder = self.fit(widest)
        return [encoder if task is widest else cut(encoder, task.encoder()) for task in tasks]
