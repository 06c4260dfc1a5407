"""Where a fit starts, and how it is scored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

if TYPE_CHECKING:
    from methods.arenas.peft.arena import PeftMethod
from methods.arenas.peft.stage._data import PeftData
from methods.arenas.peft.stage._source import build, sizes_of, source_of
from methods.arenas.peft.stage.examples import Examples
from methods.kit.adapters import Transformer


@torch.no_grad()
def _scores(method: PeftMethod, net: Transformer, part: Examples) -> tuple[float, float]:
    """Accuracy in % and mean loss on examples whose labels the method is not shown."""
    net.eval()
    blank = replace(part, y=torch.zeros_like(part.y))
    out = torch.cat([method.logits(net, blank.at(slice(i, i + 250))) for i in range(0, len(part.x), 250)])
    net.train()
    y = part.y.flatten()
    return 100 * float((out.argmax(1) == y).float().mean()), float(F.cross_entropy(out, y))


def start(data: PeftData, o, generator: torch.Generator) -> Transformer:
    """The pretrained model, frozen, with a new classifier (and input, after a change of modality)."""
    net = build(sizes_of(o), source_of(o))
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in data.state.items()})
    if o.modality:
        fresh = build(sizes_of(o), "doodles")
        net.stem, net.tokens, net.per_token = fresh.stem, fresh.tokens, False
        net.position = nn.Parameter(0.02 * torch.randn(fresh.position.shape, generator=generator))
        nn.init.normal_(net.stem.map.weight, std=o.patch**-1.0, generator=generator)
        nn.init.zeros_(net.stem.map.bias)
        net.hidden_token, net.decoder = fresh.hidden_token, fresh.decoder
    if not o.text:
        net.head = nn.Linear(o.width, o.classes * o.questions)
        nn.init.normal_(net.head.weight, std=0.01, generator=generator)
        nn.init.zeros_(net.head.bias)
    return net.requires_grad_(False)
