"""Training on little text beyond the point where the loss on other text stops falling."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.net import Encoder
from methods.arenas.encoder_pretraining.stage.task import Task, guessed
from methods.arenas.encoder_pretraining.stage.words import MASK


class Past(EncoderPretrainingMethod):
    """Masked words at a constant rate, where a share `noise` of labels is the model's own samples; every tenth of the
    steps the loss on an eighth of the text, kept for that."""

    noise = 0.1

    def prepare(self, task: Task) -> Encoder:
        many = max(2, len(task.text) // 8)
        self.held, task.text = task.text[:many], task.text[many:]
        self.hidden = task.choose(self.held, 0.15)
        self.known: list[tuple[float, dict[str, Tensor]]] = []
        return task.start()

    def rate(self, task: Task) -> float:
        return min(1.0, (task.step + 1) / (0.05 * task.steps))

    def loss(self, net: Encoder, task: Task) -> Tensor:
        ids = task.draw()
        chosen = task.choose(ids, 0.15)
        logits = net.guess(net(torch.where(chosen, MASK, ids))[chosen])
        own = torch.multinomial(logits.detach().softmax(-1).cpu(), 1, generator=task.generator)[:, 0].to(ids.device)
        return F.cross_entropy(logits, torch.where(task.lots(len(own)) < self.noise, own, ids[chosen]))

    def after_step(self, net: Encoder, task: Task) -> None:
        if task.step >= task.steps // 5 and ((task.step + 1) % max(1, task.steps // 10) == 0
                                            or task.step == task.steps - 1):
            with torch.no_grad():
                value = guessed(net, net(torch.where(self.hidden, MASK, self.held)), self.held, self.hidden).item()
            self.known.append((value, copy.deepcopy(net.state_dict())))


def earliest(values: list[float], within: float) -> int:
    """The first of which no loss is worse than the last by more than `within`.

    >>> earliest([3.0, 2.01, 2.4, 2.0], 0.02)
    1
    """
    return next(i for i, value in enumerate(values) if value <= values[-1] + within)
