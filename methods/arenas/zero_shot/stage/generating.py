"""Zero-shot learning by making drawings up: a conditional Wasserstein GAN of features, then an ordinary classifier."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.arenas.zero_shot.stage.task import Task
from methods.kit.params import param


class Generator(nn.Module):
    """Noise (N, Z) and a kind's vector (N, T) to features (N, D), not below 0 where those are not."""

    def __init__(self, vectors: int, noise: int, hidden: int, width: int, positive: bool):
        super().__init__()
        self.first, self.last = nn.Linear(vectors + noise, hidden), nn.Linear(hidden, width)
        self.noise, self.positive = noise, positive

    def forward(self, s: Tensor) -> Tensor:
        z = torch.randn(len(s), self.noise, device=s.device)
        x = self.last(F.leaky_relu(self.first(torch.cat([z, s], 1)), 0.2))
        return x.relu() if self.positive else x


class Critic(nn.Module):
    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(inputs, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1))

    def forward(self, *x: Tensor) -> Tensor:
        return self.net(torch.cat(x, 1)).squeeze(1)


def penalty(critic: nn.Module, real: Tensor, made: Tensor, *given: Tensor) -> Tensor:
    """mean (|grad critic| - 1)^2 between real and made features.

    >>> critic = Critic(2, 1)
    >>> nn.init.zeros_(critic.net[0].weight) is not None                                              # a flat critic
    True
    >>> penalty(critic, torch.ones(3, 2), torch.zeros(3, 2)).item()
    1.0
    """
    share = torch.rand(len(real), 1, device=real.device)
    between = (share * real + (1 - share) * made).requires_grad_()
    slope, = torch.autograd.grad(critic(between, *given).sum(), between, create_graph=True)
    return (slope.norm(dim=1) - 1).square().mean()


def softmax_rule(x: Tensor, y: Tensor, kinds: int, steps: int, rate: float = 0.01) -> nn.Linear:
    """A linear classifier by Adam on cross-entropy, batches of 256, its rate falling to nothing."""
    rule = nn.Linear(x.shape[1], kinds, device=x.device)
    nn.init.zeros_(rule.weight)
    optimizer = torch.optim.Adam(rule.parameters(), rate, fused=True)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        rows = torch.randint(len(x), (256,), device=x.device)
        loss = F.cross_entropy(rule(x[rows]), y[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return rule.requires_grad_(False)


def principal(vectors: Tensor, many: int) -> Tensor:
    """(C, at most `many`) the principal parts of vectors (C, T), at a mean squared length of one."""
    away = vectors - vectors.mean(0)
    axes = torch.linalg.svd(away, full_matrices=False).Vh[:many].T
    parts = away @ axes
    return parts / parts.square().sum(1).mean().sqrt()


class GeneratingMethod(ZeroShotMethod):
    """f-CLSWGAN with places to change: where features live, what else the generator is asked, what follows."""

    steps: int = param(150, "steps of the generator", low=1, high=300)
    critics: int = param(5, "steps of the critic for each of the generator", low=1, high=10)
    rate: float = param(0.003, "learning rate of both", low=1e-5, high=0.01)
    classes: float = param(1.0, "weight of the seen classifier's loss on what is made", low=0.0, high=10.0)
    made: int = param(40, "drawings made up for each unseen kind", low=1, high=200)

    batch, noise, told, pull, positive = 64, 32, 64, 10.0, False

    def space(self, task: Task) -> Tensor:
        """(N, D) what is imitated, of the drawings to learn from."""
        return self.encode(task.x, task)

    def encode(self, x: Tensor, task: Task) -> Tensor:
        """Features, each at a mean square of about one."""
        return task.features(x) * task.width**0.5

    def judge(self, z: Tensor, y: Tensor) -> Tensor:
        """Loss of made features z (N, D) of seen kinds y (N,)."""
        return F.cross_entropy(self.seen_rule(z), y)

    def also(self, generator: Generator, task: Task) -> Tensor | None:
        """A further loss of the generator."""
        return None

    def after(self, generator: Generator, task: Task) -> Generator:
        """The generator of unseen kinds, from the one that has learnt seen ones."""
        return generator

    def fit(self, task: Task) -> None:
        with torch.enable_grad():
            z, short = self.space(task).detach(), task.trial.options.shorter
            self.seen_rule = softmax_rule(z, task.y, task.seen, 200 // short)
            self.parts = principal(task.vectors, self.told)
            generator = self.after(self._learnt(z, task), task)
            with torch.no_grad():
                kinds = torch.arange(task.seen, task.kinds, device=z.device).repeat_interleave(self.made)
                fakes = generator(self.parts[kinds])
            self.rule = softmax_rule(torch.cat([z, fakes]), torch.cat([task.y, kinds]), task.kinds, 300 // short)

    def _learnt(self, z: Tensor, task: Task) -> Generator:
        s, hidden = self.parts[task.y], task.trial.options.hidden
        generator = Generator(s.shape[1], self.noise, hidden, z.shape[1], self.positive).to(z.device)
        critic = Critic(z.shape[1] + s.shape[1], hidden).to(z.device)
        adam_g, adam_c = self.optimizers(generator, critic)
        steps = max(1, self.steps // task.trial.options.shorter)
        for step in range(steps):
            gap = self.criticise(generator, critic, adam_c, z, s)
            rows = torch.randint(len(z), (self.batch,), device=z.device)
            fake = generator(s[rows])
            loss = self.classes * self.judge(fake, task.y[rows]) - critic(fake, s[rows]).mean()
            more = self.also(generator, task)
            loss = loss if more is None else loss + more
            adam_g.zero_grad(set_to_none=True)
            loss.backward()
            adam_g.step()
            if step % max(1, steps // 10) == 0 or step == steps - 1:
                task.trial.record(step + 1, steps, gap=gap.item(), loss=loss.item())
        return generator

    def optimizers(self, *nets: nn.Module) -> list[torch.optim.Adam]:
        return [torch.optim.Adam(net.parameters(), self.rate, (0.5, 0.999), fused=True) for net in nets]

    def criticise(self, generator: Generator, critic: Critic, adam: torch.optim.Optimizer, z: Tensor, s: Tensor,
                  blind: bool = False) -> Tensor:
        """Steps of the critic on real rows z (N, D); s (M, T) go with them, or, if `blind`, only make the made ones."""
        gap = z.new_zeros(())
        for _ in range(self.critics):
            rows = torch.randint(len(z), (self.batch,), device=z.device)
            asked = torch.randint(len(s), (self.batch,), device=z.device) if blind else rows
            given = () if blind else (s[rows],)
            with torch.no_grad():
                fake = generator(s[asked])
            gap = critic(z[rows], *given).mean() - critic(fake, *given).mean()
            loss = self.pull * penalty(critic, z[rows], fake, *given) - gap
            adam.zero_grad(set_to_none=True)
            loss.backward()
            adam.step()
        return gap.detach()

    def scores(self, x: Tensor, task: Task) -> Tensor:
        return self.rule(self.encode(x, task)).log_softmax(1)
