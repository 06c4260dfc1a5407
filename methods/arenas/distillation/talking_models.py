"""Talking models: the student sends what it saw half way, the teacher goes on from there and answers.

Each network has an encoder from its states to messages and a decoder back. The student's half-way map is sent; the
teacher decodes it to a half-way map of its own, goes on through its frozen upper half, and sends back what it thinks.
The student's features are to be those that it decodes from the answer, so it is taught about what it saw itself, also
where its pictures are unlike the teacher's. The codecs are kept honest both ways: what the student sends is to decode
to the teacher's map of the same picture, and each network is to read its own states back from its own messages.

    a = T_up(d_T(e_S(h_S))),   L = CE(y, p_S) + KL(p_T || p_S) + w [ ||f_S - d_S(e_T(a))||^2 + consistency ]
    consistency = ||d_T(e_S(h_S)) - h_T||^2 + ||d_T(e_T'(h_T)) - h_T||^2 + ||d_S(e_S'(f_S)) - f_S||^2

Departs from the paper: made from its abstract, not its equations; the student's features are compared as unit vectors
(divided by their own size they collapsed, as scores of seeds 0 to 3 showed); encoders and decoders are single linear
layers; squares of maps are divided by the mean square of what is to be met; w is 1, all terms alike.

>>> import torch
>>> round(float(missed(torch.tensor([[1.0, 1.0]]), torch.tensor([[2.0, 0.0]]))), 4)                 # 2 of 4
0.5
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import joined, soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def missed(said, wanted):
    """Squared error in parts of the mean square of what is wanted, towards which nothing flows."""
    wanted = wanted.detach()
    return (said - wanted).square().mean() / wanted.square().mean().clamp(min=1e-6)


def apart(said, wanted):
    """Squared distance of unit vectors, mean over pictures; nothing is gained by making either small."""
    return (F.normalize(said, dim=1) - F.normalize(wanted, dim=1)).square().sum(1).mean()


class TalkingModels(DistillationMethod):
    card = Card(
        title="Talking models",
        papers=(Paper("Talking Models: Distill Pre-trained Knowledge to Downstream Models via Interactive "
                      "Communication", 2023, arxiv="2310.03188"),),
        fidelity="core",
        claims=(Beats("kd-with-labels", on="accuracy", setting="shifted-student"),
                Beats("fitnet", on="accuracy", setting="shifted-student")),
    )
    labelled = 0.5

    w: float = param(1.0, "weight of the talk", low=0.0, high=10.0)
    channels: int = param(16, "width of a message", low=1, high=64)

    def prepare(self, student, task):
        here, there, c = student.lower_shape[0], task.teacher.lower_shape[0], self.channels
        wide, far = student.wide, task.told[0].features.shape[1]
        self.send, self.read = nn.Conv2d(here, c, 1), nn.Conv2d(c, there, 1)    # student's encoder, teacher's decoder
        self.own = nn.Conv2d(there, c, 1)                                       # the teacher's encoder half way
        self.answer, self.hear = nn.Linear(far, c), nn.Linear(c, wide)          # teacher's encoder, student's decoder
        self.self_said = nn.Linear(wide, c)                                     # the student's encoder of features
        self.side = task.teacher.lower_shape[1]
        return joined(self.send, self.read, self.own, self.answer, self.hear, self.self_said).to(task.device)

    def loss(self, student, batch, task):
        half, theirs = student.lower(batch.x), task.teacher.lower(batch.x)
        said = student.upper(half)
        decoded = self.read(self.send(F.interpolate(half, self.side) if half.shape[-1] < self.side else
                                      task.pooled(half, self.side)))
        heard = self.hear(self.answer(task.teacher.upper(decoded).features))
        talk = apart(said.features, heard)
        consistent = (missed(decoded, theirs) + missed(self.read(self.own(theirs)), theirs)
                      + apart(self.hear(self.self_said(said.features)), said.features))
        return (F.cross_entropy(said.logits[:len(batch.y)], batch.y) + soft(said.logits, batch.taught[0].logits).mean()
                + self.w * (talk + consistent))
