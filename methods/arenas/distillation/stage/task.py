"""What a method of the arena of distillation is given: pictures, few labels, teachers, and a student to train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.student_nets import CLASSES, ConvNet, PatchNet, Said


@dataclass(frozen=True)
class Batch:
    """Pictures x (B, 1, H, W) by `rows` (B,) of the training pictures, what each teacher says of them in `taught`, and
    the labels y (M,) of the first M of them, which are labelled ones."""

    x: Tensor
    rows: Tensor
    y: Tensor
    taught: tuple[Said, ...]


class Task:
    """`teachers` are frozen networks (`lower`, `upper`, called on pictures: `Said`); the first names classes. `told`
    is what each says of all training pictures, of which the first `labelled` are those with the labels `y`; `truth` are
    the labels of all, for upper bounds, None for everybody else. While training, `progress` goes from 0 to 1."""

    classes = CLASSES

    def __init__(self, x: Tensor, y: Tensor, truth: Tensor | None, teachers: Sequence[nn.Module],
                 told: Sequence[Said], start: dict[str, Tensor], trial):
        self.x, self.y, self.truth, self.start, self.options = x, y, truth, start, trial.options
        self.teachers, self.told = tuple(teachers), tuple(told)
        self.labelled, self.progress = len(y), 0.0
        self.device = trial.device

    @property
    def teacher(self) -> nn.Module:
        return self.teachers[0]

    def student(self) -> ConvNet | PatchNet:
        """The arena's student, as it is before training."""
        o, side = self.options, self.x.shape[-1]
        if o.student == "patches":
            net: ConvNet | PatchNet = PatchNet(side)
        else:
            net = ConvNet(side, *o.student)
        if self.start:
            net.load_state_dict(self.start, strict=False)
        return net.to(self.device)

    def pooled(self, half: Tensor, side: int) -> Tensor:
        """A map (N, C, h, w) brought to (N, C, side, side) by means."""
        return half if half.shape[-1] == side else F.adaptive_avg_pool2d(half, side)


def soft(said: Tensor, taught: Tensor, tau: float = 1.0) -> Tensor:
    """(N,) tau^2 KL(p_taught || p_said) at a temperature; nothing flows into `taught`."""
    return tau ** 2 * F.kl_div((said / tau).log_softmax(1), (taught.detach() / tau).log_softmax(1), reduction="none",
                               log_target=True).sum(1)


def js(p: Tensor, q: Tensor) -> Tensor:
    """(N,) the Jensen-Shannon divergence in nats of rows of probabilities."""
    mid = ((p + q) / 2).clamp(min=1e-12).log()
    return ((p * (p.clamp(min=1e-12).log() - mid)).sum(1) + (q * (q.clamp(min=1e-12).log() - mid)).sum(1)) / 2


def joined(*modules: nn.Module) -> nn.ModuleList:
    """Modules that are trained beside the student and left behind."""
    return nn.ModuleList(modules)


