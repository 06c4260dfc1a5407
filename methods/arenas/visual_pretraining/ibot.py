"""iBOT: DINO, and the same about hidden patches.

The network sees views of which some patches are replaced by a learnt token; beside agreeing with the slow copy about
the other view, it says of each hidden patch what the copy, which sees all patches, says of it. Both use one head.

    loss = DINO(masked views) + mean over pictures of mean over hidden patches of CE(target of the patch, f(patch))

Departs from the paper: transformer (whose mean token stands for the class token), views (two, no small crops) and
optimiser are the arena's; 64 prototypes, not 8,192, behind two layers, not three; m0 is 0.99, not 0.996, for so few
steps; what is hidden is scattered, not in blocks as the code has it by default.

>>> import torch
>>> per_picture(torch.tensor([[1.0, 5.0], [2.0, 4.0]]), torch.tensor([[True, False], [True, True]])).item()
2.0
"""

import torch

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.distilled import (
    agreement,
    crossed,
    let_follow,
    network,
    partly_hidden,
    per_picture,
    warmed,
)
from methods.arenas.visual_pretraining.stage.masked import MaskToken
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Ibot(VisualPretrainingMethod):
    card = Card(
        title="iBOT",
        papers=(Paper("iBOT: Image BERT Pre-Training with Online Tokenizer", 2021, arxiv="2111.07832"),),
        fidelity="core",
        claims=(Beats("dino", on="knn"), Beats("dino", on="linear")),
    )

    rate: float = rate_factor(3.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)

    def network(self, task):
        net = network(task)
        net.add_module("hide", MaskToken(net.encoder))
        return net.to(task.pictures.device)

    def loss(self, net, x, task):
        patches = net.encoder.patches(task.view(torch.cat([x, x])))
        hidden = partly_hidden(len(patches), net.encoder.places, task.generator).to(x.device)
        temperature = warmed(task.progress)
        with torch.no_grad():
            slow = net.slow.encoder.tokens(patches)
            target = net.centre(net.slow.head(slow.mean(1)), 0.04)
            of_patches = net.patch_centre(net.slow.head(slow), temperature)
        tokens = net.hide.tokens(net.encoder, patches, hidden)
        about_patches = agreement(of_patches, net.head(tokens))
        return crossed(target, net.head(tokens.mean(1))) + per_picture(about_patches, hidden)

    def after_step(self, net, task):
        let_follow(net, self.momentum, task.progress)
