"""What a method of the arena of teacher's queries is given: pictures to ask about, answers so far, and students."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from methods.arenas.teacher_queries.stage.nets import Student, in_batches


class Task:
    """`pool` (P, 1, H, W) in 0..1 may be asked about: chosen, mixed or changed. `asked` (M, 1, H, W) and `answers` (M,
    10) are what was asked so far and the logits that were said of it. `told` (P, 10) is what the teacher says of all
    the pool, for methods that ask everything, None for everybody else. `few_x` and `few_y` are labelled pictures to try
    a student on; nobody learns their labels."""

    def __init__(self, data, told: Tensor | None, trial):
        self.pool, self.few_x, self.few_y, self.told = data.x, data.few_x, data.few_y, told
        self._teacher, self._trial = data.teacher, trial
        self.options, self.device = trial.options, trial.device
        self.asked, self.answers = data.x[:0], data.told[:0]

    def ask(self, x: Tensor) -> None:
        """The teacher says something of these pictures."""
        if len(x):
            self.asked = torch.cat([self.asked, x])
            self.answers = torch.cat([self.answers, in_batches(self._teacher, x)])
        self._trial.count(answers=len(x))

    def blank(self) -> Student:
        """A student that has learnt nothing, its weights drawn anew."""
        return Student(self.pool.shape[-1], self.options.width, 10).to(self.device)

    def learn(self, student: nn.Module, x: Tensor, answers: Tensor, steps: int, record: bool = False) -> nn.Module:
        """A student trained on shifted pictures and answers by AdamW, with a warm-up and a cosine."""
        o = self.options
        optimizer = torch.optim.AdamW(student.parameters(), o.rate, weight_decay=o.decay)
        student.train()
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = o.rate * min(1, (step + 1) / (0.1 * steps)) * 0.5 * (
                1 + math.cos(math.pi * step / steps))
            rows = torch.randint(len(x), (o.batch,)).to(x.device)
            value = soft(student(shifted(x[rows], o.shift)), answers[rows]).mean()
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            self._trial.count(pictures=o.batch)
            if record and (step % max(1, steps // 20) == 0 or step == steps - 1):
                self._trial.record(step + 1, steps, loss=value.item())
        return student

    def student(self, rows: slice = slice(None)) -> nn.Module:
        """A student of what was answered so far, or of `rows` of it, trained from the beginning for a few steps, in
        evaluation mode."""
        return self.learn(self.blank(), self.asked[rows], self.answers[rows], self.options.look_steps).eval()

    def count(self, **amounts: float) -> None:
        """Add to what the run has cost."""
        self._trial.count(**amounts)

    def some(self, many: int) -> Tensor:
        """Rows of the pool drawn by chance, none twice."""
        return torch.randperm(len(self.pool))[:many].to(self.device)


def soft(said: Tensor, answers: Tensor) -> Tensor:
    """(N,) cross-entropy of a student's logits with the probabilities of the teacher's."""
    return -(answers.softmax(1) * said.log_softmax(1)).sum(1)


def shifted(x: Tensor, most: int) -> Tensor:
    """Pictures (N, 1, H, W) each moved by up to `most` dots; what leaves on one side comes in on the other."""
    n, side = len(x), x.shape[-1]
    by = torch.randint(-most, most + 1, (2, n, 1)).to(x.device)
    down, right = ((torch.arange(side, device=x.device) + by[i] + side) % side for i in (0, 1))
    return x[torch.arange(n, device=x.device)[:, None, None], 0, down[:, :, None], right[:, None, :]][:, None]
