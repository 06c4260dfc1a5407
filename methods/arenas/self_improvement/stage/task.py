"""What a method of the arena of self-improvement is given, and the sampling and tuning that all share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from methods.arenas.self_improvement.stage.sampling import drawn_answers, log_p
from methods.kit.lm_nets import Body, groups
from methods.kit.stage.arena import Trial
from methods.kit.stage.digit_tasks import CHECK, TASKS, task_of

BATCH = 32
Net = TypeVar("Net", bound=torch.nn.Module)


@dataclass(frozen=True)
class Preferences:
    """Pairs of answers to a question (N, Q), the first of each (N, A) said to be better, and the same of three points
    (N, 3): 1 where the first is better in its first half, in its second half, and in having the right digits in any
    order, -1 where the second is, 0 where neither."""

    asked: Tensor
    better: Tensor
    worse: Tensor
    points: Tensor


@dataclass(frozen=True)
class Questions:
    """Prompts (N, Q) and, where they are known, answers (N, A)."""

    asked: Tensor
    answers: Tensor


@dataclass
class Task:
    """`labelled` has answers, `unlabelled` (N, Q) has none. `start` is the model before any change, `others` are models
    of other worlds. `right` says of answers (N, A) to labelled questions, given by row, whether they are right."""

    start: Body
    others: Sequence[Body]
    labelled: Questions
    unlabelled: Tensor
    preferences: Preferences
    right: Callable[[Tensor, Tensor], Tensor]
    run: Callable[[Tensor, Tensor], Tensor]
    length: int                      # of an answer
    allowed: tuple[int, int]         # pieces of answers, from the first to before the second
    turns: int                       # attempts at a question
    samples: int                     # answers drawn for a question by those who choose
    trial: Trial
    key: Callable[[Tensor, Tensor], Tensor] | None = None      # as `right`, of the questions asked; for upper bounds

    @property
    def kinds(self) -> int:
        return TASKS

    def kind_of(self, asked: Tensor) -> Tensor:
        """(N,) which of the tasks a question is of."""
        return task_of(asked[:, 0])

    def sample(self, net: Body, prompts: Tensor, many: int = 1, temperature: float = 1.0,
               purpose: str = "samples") -> tuple[Tensor, Tensor]:
        """Answers (N, many, A) and their log probabilities (N, many). The same purpose draws the same."""
        self.trial.count(sampled=len(prompts) * many)
        said, log_p = drawn_answers(net, prompts.repeat_interleave(many, 0), self.length, self.allowed,
                                    self.trial.generator(purpose), temperature)
        return said.view(len(prompts), many, -1), log_p.view(len(prompts), many)

    def again(self, asked: Tensor, attempt: Tensor) -> Tensor:
        """Prompts for another attempt at questions (N, Q) after one (N, A)."""
        if self.turns == 1 and self.trial.options.programs:
            return asked
        return torch.cat([asked, attempt, torch.full_like(attempt[:, :1], CHECK)], 1)

    def tune(self, net: Body, prompts: Tensor, answers: Tensor, steps: int | None = None) -> Body:
        """Likelihood of answers after prompts, a batch of 32 a step."""
        return self.descend(net, lambda rows: -log_p(net, prompts[rows], answers[rows]).mean() / answers.shape[1],
                            len(prompts), steps)

    def descend(self, net: Net, loss: Callable[[Tensor], Tensor], rows: int, steps: int | None = None,
                batch: int = BATCH, rate: float | None = None) -> Net:
        """AdamW with warm-up and a cosine on the mean loss of rows, which are drawn evenly."""
        o, drawn = self.trial.options, self.trial.generator("batches")
        steps, rate = o.steps if steps is None else min(steps, o.steps), rate or o.rate
        optimizer = torch.optim.AdamW(groups(net, 0.01), rate, betas=(0.9, 0.95))
        plan = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1, pct_start=0.1,
                                                   cycle_momentum=False)
        for step in range(steps):
            value = loss(torch.randint(rows, (batch,), generator=drawn).to(self.unlabelled.device))
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            plan.step()
            self.trial.count(gradients=1)
            if step % 10 == 0 or step == steps - 1:
                self.trial.record(step, steps, loss=value.item())
        return net
