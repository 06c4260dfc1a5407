"""Prompts of unequal length: the beginnings of stories, reviews and chapters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_long import NAMES, documents
from methods.kit.stage.lm_starts import start
from methods.kit.stage.lm_text import TEST, TRAIN, library

SHORTEST = 8


@dataclass(frozen=True)
class Prompts:
    """The prompts one after another (pieces,), how long each is (P,), the model's weights, and for each prompt, read
    alone, the logits after it (P, V)."""

    pieces: Tensor
    lengths: Tensor
    weights: dict[str, Tensor]
    truth: Tensor


def prompts(trial: Trial) -> Prompts:
    o, rng = trial.options, trial.numpy("prompts")
    shelves = library(o.small, trial.progress).shelves
    some = [each.reshape(-1) for name in NAMES for each in documents(shelves[name], TRAIN if o.small else TEST)]
    texts = [some[i][:o.longest] for i in rng.permutation(len(some))]
    if o.varied:        # as long on average, log-normal with twice the spread of the logarithms
        logs = np.log([len(each) for each in texts])
        wanted = np.exp(logs.mean() + 2 * logs.std() * rng.standard_normal(o.prompts)).clip(SHORTEST, o.longest)
        long = [each for each in texts if len(each) >= o.longest]
        chosen = [long[i % len(long)][:int(n)] for i, n in enumerate(wanted)]
    else:
        chosen = texts[:o.prompts]
    net = start(NAMES, o.size, o.read, trial.seed, o.small, trial.progress)
    alone = [torch.from_numpy(np.array(each)).long() for each in chosen]
    with torch.no_grad():
        truth = torch.stack([net(each[None])[0, -1] for each in alone])
    device = trial.device
    return Prompts(torch.cat(alone).to(device), torch.tensor([len(each) for each in alone]).to(device),
                   {name: value.to(device) for name, value in net.state_dict().items()}, truth.to(device))
