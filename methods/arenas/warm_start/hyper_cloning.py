"""HyperCloning: everything twice, so that the large network says exactly what the small one said.

    W' = [[W/2 + e, W/2 - e], [W/2 + e', W/2 - e']],   E' = [E, E],   norms and biases twice
    as many heads again, of the same size;   the last norm is halved, as output weights are the embeddings'

The noise e cancels as long as both halves are equal, and lets them part. Blocks are stacked where there are more.

Departs from the paper: the deviation of the noise is a tenth of that of W / 2, 20 dB below it (10 dB in the noisy kinds
of the paper; its code adds none unless asked).

>>> import torch
>>> w, x = torch.tensor([[2.0, 4.0]]), torch.tensor([1.0, 3.0])
>>> e = torch.tensor([[0.5, 0.25]])
>>> float(torch.cat([w / 2 + e, w / 2 - e], 1) @ x.repeat(2)) == float(w @ x)
True
"""

import torch

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import (
    SIDES,
    axes,
    cloned,
    heights,
    overlap,
    set_,
    widths,
)
from methods.arenas.warm_start.stage.mapping import in_turn
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class HyperCloning(WarmStartMethod):
    card = Card(
        title="HyperCloning",
        papers=(Paper("Scaling Smart: Accelerating Large Language Model Pre-training with Small Model Initialization",
                      2024, arxiv="2409.12903"),),
        fidelity="core",
        claims=(Beats("scratch", on="mean_bits"), Beats("random-padding", on="start_bits"),
                Beats("scratch", on="end_bits")),
    )

    noise: float = param(0.1, "deviation of the noise, of that of half the weights", low=0.0, high=2.0)

    def initialise(self, target, task):
        source = task.source
        if target.width < source.width:
            return overlap(target, source)
        made = cloned(target, source, in_turn(target, source), heights(len(target.blocks), len(source.blocks)))
        old = widths(source)
        for name, value in made.items():
            short = name.split(".", 2)[-1]
            if not name.startswith("blocks.") or short not in SIDES or target.width != 2 * source.width:
                continue
            if short.endswith("weight") and "norm" not in short:
                side = axes(short, SIDES[short])[-1][1]
                half = value[:, :old[side]]
                e = self.noise * half.std() * torch.randn(half.shape, generator=task.generator, device=half.device)
                made[name] = value + torch.cat([e, -e], 1)
        set_(target, made)
