"""A network of attention alone that has learnt two tasks of choosing, and its heads as components. Invented.

Who is left: two names, a stop, one of the names again; the answer is the other. Which colour: three things each with a
colour, a stop, one of the things again; the answer is its colour. The counterpart of an example asks with another name
or thing, so that its answer is another; the behaviour is the logit of the answer less that of the counterpart's.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.component_attribution.stage.task import Circuit
from methods.kit import lm_nets
from methods.kit.engine.archives import decoded
from methods.kit.lm_nets import Body, groups
from methods.kit.stage import byte_parts
from methods.kit.stage.arena import Trial
from methods.kit.stage.byte_parts import attend, opened, write
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.word_models import digest, schedule, weights_of

NAMES, THINGS, COLOURS, STOP, FILLER = 20, 12, 12, 44, 45
LENGTH, WORLDS, TASKS = 9, 3, ("left", "colour")


class Nothing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


def examples(task: str, many: int, drawn: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Prompts (N, LENGTH), counterparts (N, LENGTH), answers (N,) and the counterparts' answers."""
    asked = torch.randint(2 if task == "left" else 3, (many,), generator=drawn)
    if task == "left":
        shown = torch.rand(many, NAMES, generator=drawn).argsort(1)[:, :2]
        other = 1 - asked
        answers = shown
        answer_at, other_at = other, asked
        queries = shown
    else:
        queries = torch.rand(many, THINGS, generator=drawn).argsort(1)[:, :3] + NAMES
        answers = torch.rand(many, COLOURS, generator=drawn).argsort(1)[:, :3] + NAMES + THINGS
        shown = torch.stack([queries, answers], 2).flatten(1)
        other = (asked + 1 + torch.randint(2, (many,), generator=drawn)) % 3
        answer_at, other_at = asked, other
    row = torch.arange(many)
    filler = torch.full((many, LENGTH - 2 - shown.shape[1]), FILLER)
    stop = torch.full((many, 1), STOP)
    prompts = [torch.cat([filler, shown, stop, queries[row, at][:, None]], 1) for at in (asked, other)]
    return prompts[0], prompts[1], answers[row, answer_at], answers[row, other_at]


def blank(world: int, small: bool) -> Body:
    with seeded(world, torch.device("cpu")):
        return Body(FILLER + 1, *((16, 2, 2) if small else (48, 3, 4)), feed=lambda _: Nothing())


def chooser(world: int, small: bool = False, on_progress=None) -> Body:
    weights = _small(world) if small else decoded(
        f"chooser-{world}", digest(lm_nets, byte_parts, sys.modules[__name__]), (),
        lambda: _made(world, False, on_progress), on_progress)
    net = blank(world, small)
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net.requires_grad_(False)


@cache
def _small(world: int) -> dict[str, np.ndarray]:
    return _made(world, True)


def _made(world: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    net, drawn, steps = blank(world, small), torch_generator(world, "choices"), 20 if small else 1500
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            optimizer = torch.optim.AdamW(groups(net, 0.05), 4e-3, betas=(0.9, 0.98))
            for step in range(steps):
                optimizer.param_groups[0]["lr"] = optimizer.param_groups[1]["lr"] = 4e-3 * schedule(step, steps)
                parts = [examples(task, 32, drawn) for task in TASKS]
                asked, answers = (torch.cat([part[i] for part in parts]) for i in (0, 2))
                optimizer.zero_grad(set_to_none=True)
                F.cross_entropy(net(asked)[:, -1], answers).backward()
                optimizer.step()
                if on_progress and step % 20 == 0:
                    on_progress(step / steps, "training a network of attention")
    finally:
        torch.set_num_threads(threads)
    return weights_of(net)


class HeadCircuit(Circuit):
    """The answer's logit less the counterpart's answer's; a head that is off says what it says on the counterpart."""

    def __init__(self, net: Body, asked: Tensor, counterpart: Tensor, answers: Tensor, others: Tensor, trial: Trial):
        self.net, self.trial, self.answers, self.others = net, trial, answers, others
        with torch.no_grad():
            self.enter = net.enter(asked)
            self.values, self.offs = (opened(net, ids).heads for ids in (asked, counterpart))
        self.heads = self.values[0].shape[2]
        self.layer = torch.arange(len(net.blocks), device=asked.device).repeat_interleave(self.heads)

    def size(self) -> Tensor:
        return torch.cat([(a - b).norm(dim=3).mean((0, 1)) for a, b in zip(self.values, self.offs, strict=True)])

    def outcome(self, chosen: Tensor, scale: Tensor, *, frozen: bool = False, through: Tensor | None = None) -> Tensor:
        if through is None:
            return self._run(chosen, scale, frozen)[0]
        became = self._run(chosen, scale, True)[1]
        return self._run(through.expand(len(chosen), -1), scale, False, became)[0]

    def _run(self, chosen: Tensor, scale: Tensor, frozen: bool, given: list[Tensor] | None = None):
        """Outcome (G, N), and what the heads of each block would have said (G, N, T, H, d) before some were set."""
        cases, many = len(chosen), len(self.answers)
        x, computed = self.enter.repeat(cases, 1, 1), []
        for i, block in enumerate(self.net.blocks):
            value, off = self.values[i], self.offs[i]
            own = attend(block, x)[1].view(cases, *value.shape)
            computed.append(own)
            put = off + scale[:, None, None, None, None] * (value - off) if given is None else given[i]
            mask = chosen[:, None, None, i * self.heads:(i + 1) * self.heads, None]
            said = torch.where(mask, put, value if frozen else own)
            x = x + write(block, said.flatten(0, 1))
        logits = self.net.logits(x[:, -1]).view(cases, many, -1)
        return logits.gather(2, self.answers.expand(cases, -1)[..., None]).squeeze(2) - logits.gather(
            2, self.others.expand(cases, -1)[..., None]).squeeze(2), computed
