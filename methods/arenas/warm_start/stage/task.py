"""What a method of warm starts is given: a trained model, and a network of another shape that is to be trained."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call

from methods.kit.lm_nets import Body
from methods.kit.stage.compressible_models import shaped
from methods.kit.stage.lm_text import RESERVED


class Task:
    """`source` is the trained model, frozen; `ready` one of the target's shape, for upper bounds, or None. `train`
    (N, T) are the windows to train on, `watch` are asked between. `prepared` are weights of what was learnt ahead, by
    name. The first `greys` pieces are those of pictures: no text has them. `spend` steps on fitting what initialises:
    they are taken from those of training."""

    def __init__(self, data, trial, target: tuple[int, int]):
        o = trial.options
        self.greys = RESERVED
        self.options, self.trial, self.device = o, trial, trial.device
        self.train, self.watch, self.prepared = data.train, data.watch, data.prepared
        self.steps, self.size, self.spent, self._taken = o.steps // len(o.targets), o.batch, 0, 0
        self.generator = trial.generator("method", trial.device)
        self.source = loaded(data.source, self.device)
        matching = bool(data.ready) and len(loaded(data.ready, self.device).blocks) == target[1]
        self.ready = loaded(data.ready, self.device) if matching else None

    def body(self, weights: dict[str, Tensor]) -> Body:
        """A frozen body with these weights."""
        return loaded(weights, self.device)

    def batch(self) -> Tensor:
        """The next windows to train on."""
        rows = torch.arange(self._taken, self._taken + self.size, device=self.device) % len(self.train)
        self._taken += self.size
        return self.train[rows]

    def fit(self, target: Body, learnt: list[Tensor], make: Callable[[], dict[str, Tensor]], steps: int,
            rate: float) -> None:
        """Adam on what makes the target's weights, by the loss of the target that it makes; then those weights are the
        target's."""
        optimizer = torch.optim.Adam(learnt, rate)
        for _ in range(steps):
            windows = self.batch().long()
            logits = functional_call(target, make(), (windows[:, :-1],))
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten()).backward()
            optimizer.step()
        self.spent += steps
        with torch.no_grad():
            target.load_state_dict({name: value.detach() for name, value in make().items()})


def loaded(weights: dict[str, Tensor], device: torch.device) -> Body:
    """A frozen body with these weights; its shape is theirs."""
    blocks = len({name.split(".")[1] for name in weights if name.startswith("blocks.")})
    net = shaped(weights["embed.weight"].shape[1], blocks, 0)
    net.load_state_dict(weights)
    return net.to(device).eval().requires_grad_(False)
