"""What a method of compression is given: a trained model, some text, and how much room there is."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from methods.arenas.compression.stage.packed import maps, stored_bits
from methods.kit.lm_nets import Body, bits_per_byte, groups, nats
from methods.kit.stage.compressible_models import shape, shaped


class Task:
    """`budget` bits may be stored at the end, embeddings and all; `steps` are the steps of training in all, each on
    `size` windows. `known` (N, 65) are windows of the text that the model has read, `new` of the text to tune on.
    `step` and `progress` tell how far the tuning is."""

    def __init__(self, data, trial):
        o = trial.options
        self.options, self.trial, self.device, self.sizes = o, trial, trial.device, data.sizes
        self.known, self.new, self.size, self.steps = data.known, data.new, o.batch, o.steps
        self._dense, self._masked = data.dense, data.masked
        self.generator = trial.generator("method", trial.device)
        self.step = self._taken = 0
        self.budget = o.share * stored_bits(self.dense())

    @property
    def progress(self) -> float:
        return self.step / max(1, self.steps)

    def dense(self) -> Body:
        """A copy of the trained model."""
        return self._loaded(self._dense)

    def masked(self) -> Body:
        """A copy of the model of which three quarters of the blocks' weights were zero throughout its training."""
        return self._loaded(self._masked)

    def teacher(self) -> Body:
        return self.dense().eval().requires_grad_(False)

    def _loaded(self, weights: dict[str, Tensor]) -> Body:
        net = shaped(*shape("deep"), 0)
        net.load_state_dict(weights)
        return net.to(self.device)

    def batch(self, known: bool = False) -> Tensor:
        """The next windows of the text to tune on, or of the known text."""
        rows = torch.arange(self._taken, self._taken + self.size, device=self.device)
        self._taken += self.size
        text = self.known if known else self.new
        return text[rows % len(text)]

    def train(self, net: nn.Module, steps: int, loss: Callable[[Tensor], Tensor], *,
              known: bool = False, after: Callable[[], None] | None = None, tell: bool = True) -> None:
        """Steps of AdamW on what trains in the model: the rate falls by a cosine to nothing after warm-up."""
        learnt = [p for p in net.parameters() if p.requires_grad]
        if not learnt or not steps:
            return
        rate = self.options.rate
        optimizer = torch.optim.AdamW(groups(net, self.options.decay), rate, betas=(0.9, 0.98))
        net.train()
        for at in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = rate * slope(at, steps)
            value = loss(self.batch(known))
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimizer.step()
            self.step += 1
            if after:
                after()
            if tell and (at % max(1, steps // 10) == 0 or at == steps - 1):
                self.trial.record(self.step, self.steps, loss=value.item())
        net.eval()

    @torch.no_grad()
    def bits(self, net: nn.Module, windows: Tensor) -> float:
        """Bits per byte of a model on windows of training text."""
        return bits_per_byte(net, windows, self.sizes)

    @torch.no_grad()
    def inputs(self, net: nn.Module, windows: Tensor) -> list[Tensor]:
        """(N, n) what each map of the blocks reads, in the order of `maps`."""
        seen: dict[int, Tensor] = {}
        hooks = [linear.register_forward_hook(lambda module, args, out: seen.__setitem__(
            id(module), args[0].flatten(0, 1))) for _, _, linear in maps(net)]
        net(windows[:, :-1].long())
        for hook in hooks:
            hook.remove()
        return [seen[id(linear)] for _, _, linear in maps(net)]


def slope(at: int, steps: int) -> float:
    """Up in a straight line over a tenth of the steps, then by a cosine to nothing.

    >>> [round(slope(at, 10), 2) for at in (0, 5, 9)]
    [1.0, 0.5, 0.02]
    """
    warm = max(1, round(0.1 * steps))
    fall = 0.5 * (1 + torch.cos(torch.tensor(torch.pi * at / steps)).item())
    return min((at + 1) / warm, 1.0) * fall


def mean_nats(net: nn.Module, windows: Tensor) -> Tensor:
    return nats(net, windows).mean()
