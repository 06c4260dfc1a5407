"""ScaleKD: a small network of another kind meets a transformer in the transformer's own terms.

A projector turns the student's map into the teacher's tokens: learnt queries, one a token, look at the student's places
by cross-attention. What is projected is compared with the teacher's last tokens twice: as it is, and without its mean
over the places, which otherwise outweighs the rest. And a projection of the student's half-way map goes through the
teacher's frozen last block before it is compared, so that the student learns what the teacher's weights expect.

    L = KL(p_T || p_S) + sum over c of a1 D(c, t) + a2 D(c - m(c), t - m(t)),   c: half-way map sent on, last map
    D = sum over tokens of ||norm(c) - norm(t)||^2, mean over pictures;   m: mean over the places of each channel

Weights (a1, a2) are those that the authors have for their smallest teacher: 0.08, 0.06 half way and 0.08, 0 at the end
(0.08, 0.06 there too for larger ones).

Departs from the paper: the labels' cross-entropy is that with the teacher's probabilities, as most pictures have no
label; projections for both views are one, not two, with no convolution before it, one head, and scores that are not
made five times as sharp; the queries of the last stage are its own; the student's last map is its features seen as one
place.

>>> import torch
>>> round(float(unlike(torch.tensor([[[3.0, 0.0]]]), torch.tensor([[[0.0, 2.0]]]))), 4)           # two unit vectors
2.0
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def unlike(said, wanted):
    """Squared distance of unit tokens (N, T, D), added over tokens, mean over pictures."""
    return (F.normalize(said, dim=2) - F.normalize(wanted, dim=2)).square().sum((1, 2)).mean()


def varying(tokens):
    """Tokens without their mean over places: what is left when the constant frequency is taken out."""
    return tokens - tokens.mean(1, keepdim=True)


class Projector(nn.Module):
    """Queries (T, D) look at places (N, P, C) of the student: (N, T, D)."""

    def __init__(self, channels, places, tokens, width):
        super().__init__()
        self.place = nn.Parameter(0.02 * torch.randn(places, channels))
        self.query = nn.Parameter(torch.randn(tokens, width))
        self.ask = nn.Linear(width, width)
        self.key, self.value = nn.Linear(channels, width), nn.Linear(channels, width)
        self.norm, self.think = nn.LayerNorm(width), nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(),
                                                                   nn.Linear(2 * width, width))

    def forward(self, places):
        places = places + self.place
        looked = F.scaled_dot_product_attention(self.ask(self.query.relu()).expand(len(places), -1, -1),
                                                self.key(places), self.value(places))
        return looked + self.think(self.norm(looked))


class ScaleKd(DistillationMethod):
    card = Card(
        title="ScaleKD",
        papers=(Paper("ScaleKD: Strong Vision Transformers Could Be Excellent Teachers", 2024, arxiv="2411.06786"),),
        fidelity="core",
        claims=(Beats("kd", on="accuracy", setting="transformer"), 
                Beats("fitnet", on="accuracy", setting="transformer")),
        waivers={"knob:varied": "the main setting's teacher ends in a vector, in which nothing varies over places"},
        needs_scale=("The stronger and the more widely trained the teacher, the larger the student's gain",),
    )

    direct: float = param(0.08, "weight of tokens as they are", low=0.0, high=2.0)
    varied: float = param(0.06, "weight of tokens without their mean, half way", low=0.0, high=2.0)

    def prepare(self, student, task):
        here, there = student.lower_shape, task.teacher.lower_shape
        self.tokens, width = there[1] * there[2], there[0]        # a teacher of convolutions ends in a vector
        self.half = Projector(here[0], here[1] * here[2], self.tokens, width)
        ended = (self.tokens, width) if hasattr(task.teacher, "blocks") else (1, task.told[0].features.shape[1])
        self.last = Projector(student.wide, 1, *ended)
        return nn.ModuleList([self.half, self.last]).to(task.device)

    def loss(self, student, batch, task):
        half = student.lower(batch.x)
        said = student.upper(half)
        with torch.no_grad():
            wanted = self.ends(task.teacher, task.teacher.lower(batch.x))
        drawn = self.half(half.flatten(2).transpose(1, 2)).transpose(1, 2).unflatten(2, task.teacher.lower_shape[1:])
        through, at_end = self.ends(task.teacher, drawn), self.last(said.features[:, None])
        return (soft(said.logits, batch.taught[0].logits).mean() + self.direct * unlike(through, wanted)
                + self.varied * unlike(varying(through), varying(wanted)) + self.direct * unlike(at_end, wanted))

    def ends(self, teacher, half):
        """The teacher's last tokens (N, T, D) from its half-way map; one token where it ends in a vector."""
        if not hasattr(teacher, "blocks"):
            return teacher.upper(half).features[:, None]
        return teacher.norm(teacher.blocks[-1](half.flatten(2).transpose(1, 2))[0])
