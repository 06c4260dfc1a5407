"""What an attack is given: the public model, pictures to learn from, and how far it may go."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from methods.arenas.adversarial_transfer.stage._data import AttackData
from methods.arenas.adversarial_transfer.stage.nets import Classifier, States
from methods.kit.stage.arena import Trial

Objective = Callable[[Tensor, States], Tensor]


class Task:
    """`radius` is how far a pixel may be moved, `steps` how many gradients a picture may cost, `surrogate` (M, 1, H, W)
    pictures of the kinds that the encoder was trained on, `victims` the private models, for upper bounds; None for
    everybody else.

    `look` is the encoder, `name` the public model's own logits; both count the pictures that pass with gradients on.
    """

    def __init__(self, data: AttackData, trial: Trial, *, sees_victims: bool = False):
        o = trial.options
        self.surrogate, self.trial, self.batch = data.surrogate, trial, o.batch
        self.radius, self.steps, self.rounds = o.radius, o.steps, o.rounds
        self.victims = data.victims if sees_victims else None
        self.generator = trial.generator("method", data.x.device)
        self.passes, self._source = 0, data.source

    @property
    def spare(self) -> float:
        """Pictures with gradients that may be spent before the attack: a tenth of what it costs."""
        o = self.trial.options
        return 0.1 * (o.rounds * o.batch if o.one else o.steps * o.tests)

    @property
    def blocks(self) -> int:
        return len(self._source.encoder.blocks)

    @property
    def source(self) -> Classifier:
        """The public model, to read; what passes through it uncounted is not paid for."""
        return self._source

    def look(self, x: Tensor) -> States:
        """What the public encoder makes of pictures."""
        self._count(x)
        return self._source.encoder(x)

    def name(self, x: Tensor) -> Tensor:
        """The public model's logits (N, 5) for the kinds it knows."""
        self._count(x)
        return self._source(x)

    def pay(self, x: Tensor) -> None:
        """Count pictures that pass through another model."""
        self._count(x)

    def _count(self, x: Tensor) -> None:
        if x.requires_grad:
            self.passes += len(x)

    def inside(self, x: Tensor, near: Tensor) -> Tensor:
        """`x` brought back to the ball round `near` and to 0..1."""
        return torch.max(torch.min(x, near + self.radius), near - self.radius).clamp(0, 1)

    def start(self, x: Tensor) -> Tensor:
        """A random place in the ball."""
        moved = 2 * torch.rand(x.shape, generator=self.generator, device=x.device) - 1
        return self.inside(x + self.radius * moved, x)

    def climb(self, x: Tensor, objective: Callable[[Tensor], Tensor], steps: int | None = None,
              start: Tensor | None = None) -> Tensor:
        """Projected gradient ascent: `steps` signs of the gradient of an objective (N,) of the moved pictures, a step
        2.5 radii over the arena's number of steps, from a random place in the ball or from `start`.

        Source: Madry et al. 2017, section 2.
        """
        moved = self.start(x) if start is None else start
        for _ in range(self.steps if steps is None else steps):
            moved = moved.detach().requires_grad_()
            gradient, = torch.autograd.grad(objective(moved).sum(), moved)
            moved = self.inside(moved.detach() + 2.5 * self.radius / self.steps * gradient.sign(), x)
        return moved.detach()

    def universal(self, objective: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """One movement (1, 1, H, W) for all pictures: signs of the mean gradient of an objective (N,) of moved and
        clean pictures over batches of the surrogate, each step a tenth of the radius and the last half a fortieth.

        Source: the stochastic form of universal perturbations (Shafahi et al. 2018), which climbs by batches.
        """
        delta = self.start(torch.full_like(self.surrogate[:1], 0.5)) - 0.5
        for step in range(self.rounds):
            x = self.draw()
            delta = delta.detach().requires_grad_()
            moved = (x + delta).clamp(0, 1)
            gradient, = torch.autograd.grad(objective(moved, x).mean(), delta)
            pace = self.radius / (10 if 2 * step < self.rounds else 40)
            delta = (delta.detach() + pace * gradient.sign()).clamp(-self.radius, self.radius)
            if (step + 1) % max(1, self.rounds // 10) == 0:
                self.trial.record(step + 1, self.rounds, passes=self.passes)
        return delta.detach()

    def draw(self) -> Tensor:
        """A batch of the surrogate."""
        rows = torch.randint(len(self.surrogate), (self.batch,), generator=self.generator, device=self.surrogate.device)
        return self.surrogate[rows]
