"""What a network is worth after all its weights were tuned on few pairs whose moves are known."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.cross_view_pretraining.stage._data import FAR, CrossViewData, Pairs
from methods.arenas.cross_view_pretraining.stage.nets import Mover
from methods.kit.stage.arena import Trial


def tuned(net: Mover, data: CrossViewData, trial: Trial) -> dict[str, float]:
    o, pairs = trial.options, data.labelled
    optimizer = torch.optim.AdamW(net.parameters(), o.tune_rate, weight_decay=o.decay)
    batches = trial.generator("tuning")
    net.train()
    for step in range(o.tune_steps):
        for group in optimizer.param_groups:
            group["lr"] = o.tune_rate * min(1, (step + 1) / (0.1 * o.tune_steps)) * 0.5 * (
                1 + math.cos(math.pi * step / o.tune_steps))
        rows = torch.randint(len(pairs), (o.batch,), generator=batches).to(pairs.one.device)
        loss = F.cross_entropy(net(pairs.one[rows], pairs.two[rows]).flatten(0, 1), pairs.moves[rows].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return scored(net, data.val if getattr(trial.options, "asked", "test") == "val" else data.test)


@torch.no_grad()
def scored(net: Mover, pairs: Pairs) -> dict[str, float]:
    net.eval()
    logits = torch.cat([net(one, two) for one, two in zip(pairs.one.split(250), pairs.two.split(250), strict=True)])
    if logits.shape != (len(pairs), 4, 2 * FAR + 1) or not torch.isfinite(logits).all():
        raise ValueError("finite logits of the moves of four quarters are wanted")
    middle: Tensor = (logits.softmax(2) * torch.arange(2 * FAR + 1, device=logits.device)).sum(2)
    return {"moves": 100 * (logits.argmax(2) == pairs.moves).double().mean().item(),
            "error": (middle - pairs.moves).abs().double().mean().item()}
