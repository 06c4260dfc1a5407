"""Outputs of a block of the byte model at positions of source files, and what comes of replacing them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.lm_nets import Body
from methods.kit.stage.arena import Trial
from methods.kit.stage.byte_models import TEST, TRAIN, byte_model, windows


@dataclass(frozen=True)
class DictionaryData:
    """Windows' next bytes (W, T), states after the block (W, T, D) and gradients, for learning and for the test."""

    net: Body
    mean: Tensor
    scale: Tensor
    train_x: Tensor
    train_gradient: Tensor
    targets: Tensor
    x: Tensor
    gradient: Tensor


def dictionary_data(trial: Trial) -> DictionaryData:
    o, drawn = trial.options, trial.numpy("windows")
    net = byte_model("trained", o.small, trial.progress).to(trial.device)
    read = [_read(net, windows(part, many, drawn, o.small).to(trial.device), o.block, o.seeing)
            for part, many in ((TRAIN, o.train), (TEST, o.test))]
    (x, gradient, _), (test_x, test_gradient, targets) = read
    mean = x.mean((0, 1))
    scale = (x - mean).square().sum(2).mean().sqrt()
    flat = [part.flatten(0, 1) for part in ((x - mean) / scale, gradient * scale)]
    return DictionaryData(net, mean, scale, *flat, targets, (test_x - mean) / scale, test_gradient * scale)


def _read(net: Body, ids: Tensor, block: int, seeing: bool) -> tuple[Tensor, Tensor, Tensor]:
    """States after the block, gradient of the summed loss of a window with regard to them, and the next bytes."""
    states, gradients = [], []
    for part in ids.split(32):
        with torch.no_grad():
            x = net.enter(part[:, :-1])
            for each in net.blocks[:block]:
                x = each(x)
        with torch.enable_grad():
            x = x.requires_grad_()
            logits = rest(net, x, block)
            named = part[:, 1:] if seeing else logits.argmax(2)
            loss = F.cross_entropy(logits.flatten(0, 1), named.flatten(), reduction="sum")
            gradients.append(torch.autograd.grad(loss, x)[0])
        states.append(x.detach())
    return torch.cat(states), torch.cat(gradients), ids[:, 1:]


def rest(net: Body, x: Tensor, block: int) -> Tensor:
    """Logits from the states after the block."""
    for each in net.blocks[block:]:
        x = each(x)
    return net.logits(x)


@torch.no_grad()
def said(data: DictionaryData, x: Tensor, block: int) -> Tensor:
    """Log probabilities (W, T, V) when the states are x, as the methods see them."""
    return torch.cat([rest(data.net, part * data.scale + data.mean, block).log_softmax(2) for part in x.split(64)])


def bits(logs: Tensor, targets: Tensor) -> float:
    return -logs.gather(2, targets[..., None]).double().mean().item() / math.log(2)
