"""The same small language model at four widths, trained at seven rates under three rules for how its layers change with
width, made once.

Every rule agrees at width 16. Below, r is 16 over the width. Queries, keys, values and feed-forward maps start with a
deviation that falls as sqrt(r), embeddings with one that stays. The output map is not the embeddings'.

    standard    output starts as sqrt(r);    one rate for all
    per-layer   output starts as sqrt(r);    the rate of maps and of the output falls as r
    mup         output starts as r;          the rate of maps and of the output falls as r
"""

from __future__ import annotations

import sys
from copy import deepcopy

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit import lm_nets
from methods.kit.engine.archives import reads
from methods.kit.lm_nets import Body, batches, nats
from methods.kit.stage import lm_ladder, lm_text
from methods.kit.stage.data import MOVIE_REVIEWS, REUTERS
from methods.kit.stage.lm_ladder import BATCH, WARM, Tell, asked, digest, kept, reading, window_nats
from methods.kit.stage.lm_text import PIECES
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.sources import BIBLE, NOVELS

RULES = ("standard", "per-layer", "mup")
WIDTHS, MARKS = (8, 16, 32, 64), (75, 106, 150, 212)
RATES = (0.000625, 0.00125, 0.0025, 0.005, 0.01, 0.02, 0.04)
BASE, BLOCKS, DECAY = 16, 2, 0.05


class Wide(Body):
    """A body with an output map of its own."""

    def __init__(self, width: int, rule: str):
        super().__init__(PIECES, width, BLOCKS, max(1, width // 16))
        r = BASE / width
        self.say = nn.Parameter(0.05 * (r if rule == "mup" else r ** 0.5) * torch.randn(PIECES, width))
        with torch.no_grad():
            for block in self.blocks:
                for part in (block.mixer.ask, block.mixer.out, block.feed.rise, block.feed.out):  # type: ignore[union-attr]
                    part.weight.mul_(r ** 0.5)  # type: ignore[operator, union-attr]

    def logits(self, h: Tensor) -> Tensor:
        return F.linear(self.norm(h), self.say)


def rates_of(net: Wide, rule: str) -> list[dict]:
    """Groups for AdamW with the factor on the rate of each, by how wide what they read is."""
    slow = BASE / net.width if rule != "standard" else 1.0
    maps = [p for name, p in net.named_parameters() if p.dim() == 2 and name != "embed.weight"]
    rest = [p for name, p in net.named_parameters() if not (p.dim() == 2 and name != "embed.weight")]
    return [{"params": maps, "weight_decay": DECAY, "factor": slow},
            {"params": rest, "weight_decay": 0.0, "factor": 1.0}]


def learnt(rule: str, width: int, rate: float, world: int, windows: Tensor, wanted: Tensor) -> np.ndarray:
    """(marks, windows) nats of the mean weights over the last quarter of the steps up to each mark."""
    with seeded(world, torch.device("cpu")):
        net = Wide(width, rule)
    optimizer = torch.optim.AdamW(rates_of(net, rule), rate, betas=(0.9, 0.98))
    parts, scored = list(net.parameters()), []
    sums, many = [torch.zeros_like(p) for p in parts], 0
    with torch.enable_grad():
        for step, rows in enumerate(batches(len(windows), BATCH, MARKS[-1], torch_generator(world, "widths")), 1):
            for group in optimizer.param_groups:
                group["lr"] = rate * group["factor"] * min(1, step / WARM)
            optimizer.zero_grad(set_to_none=True)
            nats(net, windows[rows]).mean().backward()
            torch.nn.utils.clip_grad_norm_(parts, 1.0)
            optimizer.step()
            if step > 0.75 * min(mark for mark in MARKS if mark >= step):
                torch._foreach_add_(sums, [p.detach() for p in parts])
                many += 1
            if step in MARKS:
                mean = deepcopy(net).requires_grad_(False)
                for p, total in zip(mean.parameters(), sums, strict=True):
                    p.copy_(total / many)
                scored.append(window_nats(mean, wanted))
                sums, many = [torch.zeros_like(p) for p in parts], 0
    return np.stack(scored)


@reads(BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS)
def widths(world: int, small: bool = False, tell: Tell = None) -> np.ndarray:
    """(rules, widths, rates, marks, sources, windows) nats on test windows; made up where `small`."""
    if small:
        return _made_up()
    code = digest(lm_nets, lm_text, lm_ladder, sys.modules[__name__])
    return np.stack([kept(f"lm-widths-{rule}-{world}", lambda rule=rule: {"nats": _trained(rule, world, tell)}, False,  # type: ignore[misc]
                          tell, code)["nats"] for rule in RULES])


def _trained(rule: str, world: int, tell: Tell) -> np.ndarray:
    windows, (wanted, _) = reading(False, tell), asked(False, tell)
    wanted = wanted[:, :128]
    found, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for i, width in enumerate(WIDTHS):
            for j, rate in enumerate(RATES):
                found.append(learnt(rule, width, rate, world, windows, wanted.flatten(0, 1)))
                if tell:
                    tell((i * len(RATES) + j + 1) / len(WIDTHS) / len(RATES), "training models of several widths")
    finally:
        torch.set_num_threads(threads)
    return np.stack(found).reshape(len(WIDTHS), len(RATES), len(MARKS), *wanted.shape[:2]).astype(np.float32)


def _made_up() -> np.ndarray:
    """A valley in the logarithm of the rate that moves with width under the standard rule only."""
    drawn = np.random.default_rng(0)
    rule, width, rate, mark = np.meshgrid(np.arange(3), np.log2(WIDTHS), np.log2(RATES), np.log2(MARKS), indexing="ij")
    best = -6.5 - 0.7 * (width - 4) * (rule == 0)
    level = 4 - 0.1 * width - 0.1 * mark + 0.05 * (rate - best) ** 2 + 0.01 * rule
    return (level[..., None, None] * 60 * (1 + 0.05 * drawn.standard_normal((4, 16)))).astype(np.float32)
