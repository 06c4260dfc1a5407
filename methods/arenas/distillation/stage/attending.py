"""Whose attention a student's may follow."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.arenas.distillation.stage.task import Task
from methods.kit.student_nets import PatchNet, Said


def attending_pair(task: Task) -> tuple[PatchNet, PatchNet]:
    """A student that attends, and the last teacher; where either does not, a second student stands in for it."""
    student, teacher = task.student(), task.teachers[-1]
    if not isinstance(student, PatchNet):
        student = PatchNet(task.x.shape[-1]).to(task.device)
    if not isinstance(teacher, PatchNet):
        teacher = PatchNet(task.x.shape[-1]).to(task.device).eval().requires_grad_(False)
    return student, teacher


class Copying(nn.Module):
    """A student whose every block attends by the frozen teacher's maps of the same picture."""

    def __init__(self, student: PatchNet, teacher: PatchNet):
        super().__init__()
        self.student, self._teacher = student, (teacher,)
        for block in student.blocks:
            block.ask.requires_grad_(False)          # what would ask is never used

    def forward(self, x: Tensor) -> Said:
        with torch.no_grad():
            maps = self._teacher[0].tokens(x)[1]
        return self.student.judge(self.student.tokens(x, maps)[0])


def attended(said: list[Tensor], taught: list[Tensor]) -> Tensor:
    """Cross-entropy of the student's attention with the teacher's: added over blocks, mean over all rows of maps."""
    return torch.stack([-(q * p.clamp(min=1e-9).log()).sum(-1).mean() for p, q in zip(said, taught, strict=True)]).sum()
