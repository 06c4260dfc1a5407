"""What a method of the arena of components is given: a behaviour of a network whose parts can be taken over."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from methods.kit.stage.arena import Trial


class Circuit(ABC):
    """A network, examples of one behaviour, and U units of it, each of a layer.

    Every unit has on each example a value, and another when it is off: 0, or what it is on the example's counterpart.
    """

    layer: Tensor                # (U,)
    trial: Trial

    @property
    def units(self) -> int:
        return len(self.layer)

    @abstractmethod
    def size(self) -> Tensor:
        """(U,) mean length of the difference between a unit's value and its value when off."""

    @abstractmethod
    def outcome(self, chosen: Tensor, scale: Tensor, *, frozen: bool = False, through: Tensor | None = None) -> Tensor:
        """(G, N) how strong the behaviour is on each example, for G cases at once.

        In a case the units `chosen` (G, U) are set to off + scale (G,) * (value - off), and all others follow from
        them; where `frozen`, the others keep their values, so that only direct paths to the outcome count. With
        `through` (U,), only paths to those units count: everything else is kept while they are computed anew, and then
        they alone are set to what they became.
        """

    def off(self, chosen: Tensor, **how) -> Tensor:
        """(G,) mean outcome when the units chosen are off."""
        with torch.no_grad():
            return self.outcome(chosen, chosen.new_zeros(len(chosen), dtype=torch.float), **how).mean(1)

    def whole(self) -> Tensor:
        """Mean outcome of the network as it is."""
        return self.off(torch.zeros(1, self.units, dtype=torch.bool, device=self.layer.device))[0]

    def each(self) -> Tensor:
        """(U, U) one unit a case."""
        return torch.eye(self.units, dtype=torch.bool, device=self.layer.device)

    def slopes(self, chosen: Tensor, scale: float, **how) -> Tensor:
        """(G,) by how much the mean outcome grows with the scale, at a scale."""
        with torch.enable_grad():
            at = torch.full((len(chosen),), scale, device=self.layer.device, requires_grad=True)
            slope = torch.autograd.grad(self.outcome(chosen, at, **how).mean(1).sum(), at)[0]
        self.trial.count(gradients=len(chosen))
        return slope
