"""MHIM-MIL: hide what the teacher looks at most, so that the student must find the harder witnesses.

Attention settles on the easiest witness and learns nothing from the others. A teacher, the moving average of the
student, sees the whole bag; the instances it attends to most are hidden from the student, at a share that falls to
none, together with some at random. The student names the bag from what is left and agrees with the teacher's view of
the whole.

    hidden = top beta_h of teacher attention (falling along a cosine) and a random share of the others
    L = CE(y, student(kept)) + alpha CE(teacher(all), student(kept)),   teacher <- m teacher + (1 - m) student

Departs from the paper: agreement is between the two answers and not between the bags' embeddings; teacher and student
begin at random, where the authors start both from a trained model; all of the most attended are hidden, none of the
least; the average forgets in 50 steps, as there are 400; alpha (0.1 in the authors' runs) and the shares are ours, that
of the most attended being the share of witnesses.

>>> import torch
>>> hide(torch.tensor([[0.1, 0.9, 0.2, 0.3]]), 0.25, 0.0).tolist()
[[True, False, True, True]]
"""

import copy
import math

import torch
import torch.nn.functional as F

from methods.arenas.multiple_instance.arena import MultipleInstanceMethod
from methods.arenas.multiple_instance.stage.nets import AttentionNet
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def hide(attention, highest, random):
    """(B, K) kept: without a share `highest` of the most attended and a share `random` of all, never without any."""
    k = attention.shape[1]
    rank = attention.argsort(1, descending=True).argsort(1)
    kept = rank >= round(highest * k)
    kept = kept & ((torch.rand(attention.shape) >= random) | (rank == k - 1))
    return kept


class MhimMil(MultipleInstanceMethod):
    card = Card(
        title="MHIM-MIL",
        papers=(Paper("Multiple Instance Learning Framework with Masked Hard Instance Mining for Whole Slide Image "
                      "Classification", 2023, arxiv="2307.15254"),),
        fidelity="core",
        claims=(Beats("abmil", on="bag_auroc", setting="low-witness"),),
    )

    attending: int = param(32, "width of the network that attends", low=1, high=128)
    highest: float = param(0.05, "share of the most attended instances hidden at first", low=0.0, high=0.5)
    random: float = param(0.2, "share of all instances hidden at random", low=0.0, high=0.9)
    alpha: float = param(0.5, "weight of agreeing with the teacher", low=0.0, high=5.0)
    momentum: float = param(0.98, "what the teacher keeps of itself in a step", low=0.0, high=0.999)

    def model(self, task):
        net = AttentionNet(task.width, task.trial.options.hidden, self.attending)
        self.teacher = copy.deepcopy(net).requires_grad_(False)
        return net

    def loss(self, model, bags, labels, task):
        with torch.no_grad():
            taught, attention = self.teacher(bags)
        falling = 0.5 * (1 + math.cos(math.pi * task.progress))
        said = model(bags, hide(attention, self.highest * falling, self.random))[0]
        return (F.binary_cross_entropy_with_logits(said, labels.float())
                + self.alpha * F.binary_cross_entropy_with_logits(said, taught.sigmoid()))

    def after_step(self, model, task):
        with torch.no_grad():
            for kept, new in zip(self.teacher.parameters(), model.parameters(), strict=True):
                kept.lerp_(new, 1 - self.momentum)
