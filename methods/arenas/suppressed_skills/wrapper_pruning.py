"""Wrapper pruning: leave out the few units that the refusal hangs on, without any tuning.

If fine-tuning has only wrapped the skill, little needs to be taken away. Units are ranked by a first guess of how much
the loss of the refusal rises without them, over 64 prompts of the refused task, and the first 3 % are left out.

    s_i = -v_i . dL_refusal / dv_i,   v_i = 0 for the largest s_i

v_i are the weights from unit i of a feed-forward layer to the stream.

Departs from the paper: a toy with four tasks in place of compiled and grammar tasks; the score is taken over what a
unit writes, not over all its weights; no other parts are pruned.

>>> scores(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.0], [1.0, -1.0]])).tolist()    # columns
[-4.0, 4.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.suppressed_skills.arena import SuppressedSkillsMethod
from methods.arenas.suppressed_skills.stage.worlds import answer
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def without(net, units):
    """The model without hidden units, numbered over all blocks."""
    width = net.blocks[0].feed.rise.out_features
    with torch.no_grad():
        for unit in units.tolist():
            net.blocks[unit // width].feed.out.weight[:, unit % width] = 0
    return net


def scores(v, slope):
    """Of each column."""
    return -(v * slope).sum(0)


class WrapperPruning(SuppressedSkillsMethod):
    card = Card(
        title="Pruning of the wrapper",
        papers=(Paper("Mechanistically analyzing the effects of fine-tuning on procedurally defined tasks", 2023,
                      arxiv="2311.12786", covers="pruning of what refuses"),),
        fidelity="core",
        claims=(Beats("random-pruning", on="revived"),),
    )

    share: float = param(0.03, "part of the hidden units that are left out", low=0.0, high=0.5)

    def change(self, net, task):
        asked, refusals = task.refused(64)
        written = [block.feed.out.weight for block in net.blocks]
        slopes = torch.autograd.grad(F.cross_entropy(answer(net, asked), refusals), written)
        found = torch.cat([scores(v, g) for v, g in zip(written, slopes, strict=True)])
        return without(net, found.topk(round(self.share * len(found))).indices)
