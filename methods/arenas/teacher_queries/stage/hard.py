"""What a student finds hard beside its teacher, and more of the kind."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.arenas.teacher_queries.stage.drafts import mixed
from methods.arenas.teacher_queries.stage.nets import in_batches

NEAR = 1000         # pictures of the pool among which a neighbour is looked for


def gap(said: Tensor, answers: Tensor) -> Tensor:
    """(N,) how much likelier the teacher finds its first choice than the student does."""
    first = answers.argmax(1, keepdim=True)
    return (answers.softmax(1).gather(1, first) - said.softmax(1).gather(1, first)).squeeze(1)


def hard_rows(gaps: Tensor, tau: float) -> Tensor:
    """Rows whose gap (N,) is at least tau; the widest alone if there is none."""
    rows = (gaps >= tau).nonzero().squeeze(1)
    return rows if len(rows) else gaps.argmax()[None]


@torch.no_grad()
def augmented(student, task, rows: Tensor, many: int) -> Tensor:
    """`many` mixtures of a hard picture with its nearest picture of the pool, as the student sees them, at a share
    drawn from 0..1."""
    chosen = rows[torch.randint(len(rows), (many,)).to(rows.device)]
    near = task.pool[task.some(NEAR)]
    found = torch.cdist(in_batches(student.embed, task.asked[chosen]), in_batches(student.embed, near)).argmin(1)
    return mixed(task.asked[chosen], near[found], torch.rand(many).to(rows.device))
