"""The network that domain adaptation starts from: trained on the labelled source, once for each seed and source."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.stage._data import DomainData
from methods.arenas.domain_adaptation.stage.nets import DomainNet
from methods.kit.engine.archives import decoded
from methods.kit.stage.seeding import derive, seeded, torch_generator
from methods.kit.training import minibatches

TRAINED = 1             # raise when training on the source changes


def untrained(data: DomainData, width: int, seed: int) -> DomainNet:
    with seeded(seed, torch.device("cpu")):
        return DomainNet(data.x.shape[1], data.x.shape[2], width, data.classes)


def source_weights(data: DomainData, o: SimpleNamespace, seed: int) -> dict[str, Tensor]:
    """The trained network's weights by name, the same for every method; kept by what they depend on, unless small."""
    if o.small:
        return train(data, o, seed)
    made = hashlib.sha256(repr((seed, o.width, o.batch, o.first_steps, o.first_rate, data.classes)).encode())
    for part in (data.x, data.y):
        made.update(part.cpu().contiguous().numpy())
    kept = decoded(f"domain-adaptation-{derive(0, made.hexdigest()):x}", TRAINED, (),
                   lambda: {name: value.numpy() for name, value in train(data, o, seed).items()})
    return {name: torch.from_numpy(np.array(value)) for name, value in kept.items()}


def train(data: DomainData, o: SimpleNamespace, seed: int) -> dict[str, Tensor]:
    """Supervised steps on the source, with small shifts, on the CPU."""
    net, x, y = untrained(data, o.width, seed), data.x.cpu(), data.y.cpu()
    optimizer, moves = torch.optim.Adam(net.parameters(), o.first_rate), torch_generator(seed, "source moves")
    with torch.enable_grad():
        for rows in minibatches(len(x), o.batch, o.first_steps, torch_generator(seed, "source training")):
            batch = x[rows]
            if batch.shape[-1] > 1:
                down, right = torch.randint(-1, 2, (2,), generator=moves).tolist()
                batch = torch.roll(batch, (down, right), (2, 3))
            loss = F.cross_entropy(net(batch), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return {name: value.detach().clone() for name, value in net.state_dict().items()}
