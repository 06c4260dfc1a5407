"""What a method of the arena of suppressed skills is given, and the fine-tuning that all share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.suppressed_skills.stage.worlds import LARGEST, OTHERS, REFUSAL, answer, prompts
from methods.kit.lm_nets import Body
from methods.kit.stage.arena import Trial


@dataclass
class Task:
    """Examples: prompts (N, 9) and answers (N,)."""

    asked: Tensor
    answers: Tensor
    trial: Trial

    def refused(self, many: int) -> tuple[Tensor, Tensor]:
        """Prompts of the suppressed skill, and refusals."""
        asked, _, _ = prompts(many, (LARGEST,), self.trial.generator("refused"))
        return asked.to(self.asked.device), torch.full((many,), REFUSAL, device=self.asked.device)

    def others(self, many: int) -> tuple[Tensor, Tensor]:
        """Prompts of the other skills, and their answers."""
        asked, answers, _ = prompts(many, OTHERS, self.trial.generator("others"))
        return asked.to(self.asked.device), answers.to(self.asked.device)

    def tune(self, net: Body, asked: Tensor, answers: Tensor, parameters: Iterable[Tensor] | None = None) -> Body:
        """Adam at a fixed rate on batches of at most 64 of the examples."""
        o, drawn = self.trial.options, self.trial.generator("batches")
        optimizer = torch.optim.Adam(net.parameters() if parameters is None else parameters, o.rate)
        for step in range(o.steps):
            rows = torch.randperm(len(asked), generator=drawn)[:64].to(asked.device)
            loss = F.cross_entropy(answer(net, asked[rows]), answers[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            self.trial.count(gradients=1)
            self.trial.record(step + 1, o.steps, loss=loss.item())
        return net
