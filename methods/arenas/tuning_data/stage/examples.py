"""Examples, drawing pieces from a model, and the tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.lm_nets import Body, groups
from methods.kit.stage.arena import Trial

BATCH, CHUNK = 32, 4000


@dataclass(frozen=True)
class Examples:
    """Questions (N, Q) and answers (N, A)."""

    asked: Tensor
    answers: Tensor

    def rows(self, rows: Tensor) -> Examples:
        return Examples(self.asked[rows], self.answers[rows])

    def joined(self, other: Examples) -> Examples:
        return Examples(torch.cat([self.asked, other.asked]), torch.cat([self.answers, other.answers]))

    @property
    def pieces(self) -> int:
        return self.asked.numel() + self.answers.numel()


def nats(net: torch.nn.Module, examples: Examples) -> Tensor:
    """(N, A) the loss of each piece of the answers."""
    ids = torch.cat([examples.asked, examples.answers], 1)
    logits = net(ids[:, :-1])[:, examples.asked.shape[1] - 1:]
    return F.cross_entropy(logits.flatten(0, 1), examples.answers.flatten(), reduction="none") \
        .view(examples.answers.shape)


@torch.no_grad()
def drawn_pieces(net: Body, prompts: Tensor, length: int, allowed: tuple[int, int], generator: torch.Generator,
                 temperature: float) -> tuple[Tensor, Tensor]:
    """(N, length) pieces after prompts (N, Q) and their log probability (N,); with temperature 0 the likeliest."""
    ids, total = prompts, torch.zeros(len(prompts), device=prompts.device)
    for _ in range(length):
        once, where = torch.unique(ids, dim=0, return_inverse=True)
        logits = torch.cat([net(part)[:, -1] for part in once.split(CHUNK)])[where]
        shut = torch.ones(logits.shape[1], dtype=torch.bool, device=ids.device)
        shut[allowed[0]:allowed[1]] = False
        log_p = (logits / (temperature or 1.0)).masked_fill(shut, -torch.inf).log_softmax(1)
        noise = torch.rand(log_p.shape, generator=generator).to(ids.device).clamp(1e-9, 1 - 1e-7)
        piece = (log_p - (-noise.log()).log() * (temperature > 0)).argmax(1)
        total = total + log_p.gather(1, piece[:, None])[:, 0]
        ids = torch.cat([ids, piece[:, None]], 1)
    return ids[:, prompts.shape[1]:], total


def tune(net: Body, sets: Sequence[Examples], steps: int, rate: float, trial: Trial) -> Body:
    """AdamW, warm-up and cosine, batches drawn evenly from all sets together; the loss is a mean over examples of the
    mean over the pieces of the answer."""
    drawn, counts = trial.generator("tuning"), torch.tensor([len(each.asked) for each in sets])
    ends = counts.cumsum(0)
    optimizer = torch.optim.AdamW(groups(net, 0.01), rate, betas=(0.9, 0.95))
    plan = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1, pct_start=0.1,
                                               cycle_momentum=False)
    for step in range(steps):
        rows = torch.randint(int(ends[-1]), (BATCH,), generator=drawn)
        loss = torch.zeros((), device=sets[0].asked.device)
        for each, count, end in zip(sets, counts, ends, strict=True):
            own = rows[(rows >= end - count) & (rows < end)] - (end - count)
            if len(own):
                loss = loss + nats(net, each.rows(own.to(each.asked.device))).mean(1).sum() / BATCH
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        plan.step()
        trial.count(gradients=1)
        if step % 10 == 0 or step == steps - 1:
            trial.record(step, steps, loss=loss.item())
    return net
