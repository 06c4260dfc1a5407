"""What a method of the arena of sparse dictionaries is given."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class Layer:
    """Outputs (N, D) of the third block at N positions, less their mean and over their scale, and the gradient (N, D)
    of the model's loss with regard to each."""

    x: Tensor
    gradient: Tensor
    entries: int
    k: int
    trial: Trial
