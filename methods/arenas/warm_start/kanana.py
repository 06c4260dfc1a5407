"""Kanana: a deeper network repeats the middle blocks, a smaller one is cut out by activity and follows the large one.

    deeper:  block l of the target = first, middle blocks again and again, last
    smaller: entries with the largest mean |activation| stay;   L = KL(p_source || p_target), mean over pieces

Elsewhere the loss is the text's.

Departs from the paper: cut and followed once, not in several rounds, and what reads fewer entries is scaled up; the
staged mixtures of text, and what is done after pretraining, are left out. The source's training is not charged, as
there. In the other settings what is wider is padded.

>>> middle(6, 3), middle(4, 2)
([0, 1, 1, 1, 1, 2], [0, 0, 1, 1])
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.cutting import activity, cut_out
from methods.arenas.warm_start.stage.growing import overlap
from methods.kit.method import Beats, Card, Paper


def middle(many, of):
    """Which of `of` blocks stands at each of `many` places: the middle ones are repeated, each as often in a row."""
    if of <= 2:
        return [at * of // many for at in range(many)]
    inner = of - 2
    return [0, *(1 + at * inner // (many - 2) for at in range(many - 2)), of - 1]


class Kanana(WarmStartMethod):
    card = Card(
        title="Kanana",
        papers=(Paper("Kanana: Compute-efficient Bilingual Language Models", 2025, arxiv="2502.18934",
                      covers="growing in depth; cutting and distilling"),),
        fidelity="core",
        claims=(Beats("scratch", on="end_bits", setting="deeper", by=0.05),
                Beats("scratch", on="end_bits", setting="smaller", by=0.05)),
    )

    def initialise(self, target, task):
        source = task.source
        self.teacher = None
        if source.width >= target.width and len(source.blocks) > len(target.blocks):
            sizes = activity(source, task.train[:32])
            cut_out(target, source, lambda side, at, many: sizes[side, at])
            self.teacher = task.source
            return
        if len(target.blocks) > len(source.blocks):
            source.blocks = nn.ModuleList(source.blocks[at] for at in middle(len(target.blocks), len(source.blocks)))
        overlap(target, source)

    def loss(self, target, batch, task, progress):
        if self.teacher is None:
            return super().loss(target, batch, task, progress)
        ids = batch[:, :-1].long()
        with torch.no_grad():
            wanted = self.teacher(ids).log_softmax(-1)
        return F.kl_div(target(ids).log_softmax(-1).flatten(0, 1), wanted.flatten(0, 1), reduction="batchmean",
                        log_target=True)
