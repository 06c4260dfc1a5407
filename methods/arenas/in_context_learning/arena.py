"""What must a network be trained on to learn from its context?

A network of two blocks of width 64 reads pairs of inputs and classes, each one position, and names the classes of
queries. In `default` inputs are 32 principal components of drawings (Quick, Draw!): 225 kinds are there to learn from,
episodes of five of 120 other kinds, five pairs of each, are asked, 3,000 queries. In `regression` inputs are six
numbers, classes the fifths of a function's values; random functions are there to learn from and Friedman's three are
asked. Training takes 250 steps of 16 episodes at one rate for all; at the test nothing is trained, but by rivals.

What was set after looks at one seed that is never scored: queries and keys begin as the same map, without which nothing
was learnt from the context in that time; of two rates the higher; how much of a fixed text is parallel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.in_context_learning.stage._data import ContextData, context_data
from methods.arenas.in_context_learning.stage.sizes import WAYS
from methods.arenas.in_context_learning.stage.task import Task, query_loss
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.data import QUICKDRAW
from methods.kit.stage.word_models import schedule

Answer = Callable[[Tensor, Tensor, Tensor], Tensor]


class InContextLearningMethod(Method):
    """The slot: what is trained, on which episodes, by which loss, and how it answers."""

    sees_kinds = False          # an upper bound, not a contestant
    trains = True               # whether there are steps before the episodes that are asked

    def prepare(self, task: Task) -> nn.Module:
        """The network to be trained."""
        return task.reader()

    def episode(self, task: Task) -> tuple[Tensor, Tensor]:
        """Inputs (B, K + Q, D) and classes (B, K + Q) to learn from now."""
        return task.episode()

    def loss(self, net: nn.Module, task: Task) -> Tensor:
        return query_loss(net, *self.episode(task), task.length)

    def answer(self, net: nn.Module, x: Tensor, y: Tensor, queries: Tensor) -> Tensor:
        """Logits (E, Q, 5) of the queries' classes, from pairs (E, K, D) and (E, K)."""
        return net(x, y, queries)


class InContextLearning(Arena):
    title = "Learning from context"
    metrics = (
        Metric("log_loss", "Log loss", "lower", "nats", chance=1.61, ceiling=0, help="of a query's class"),
        Metric("accuracy", "Accuracy", unit="%", chance=20, ceiling=100, help="queries whose class is named rightly"),
        Metric("one_shot", "One shot", unit="%", chance=20, ceiling=100, help="the same after one pair of each class "
               "(in `regression`, five pairs)"),
        Metric("order_flips", "Flips by order", "lower", "%", ceiling=0,
               help="queries answered otherwise when the same pairs come the other way round"),
    )
    settings = (
        Setting("default", "drawings of five kinds, five of each", {"numbers": False, "width_in": 32}),
        Setting("regression", "numbers in fifths, twenty-five pairs", {"numbers": True, "width_in": 6}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "kinds": 14, "asked_kinds": 10, "each": 12, "width": 16, "heads": 2,
                                 "blocks": 2, "steps": 3, "batch": 4, "rate": 2e-3, "decay": 0.01, "shots": 2,
                                 "queries": 2, "tests": 6}),
        "full": Scale(60, 2048, {"small": False, "kinds": 225, "asked_kinds": 120, "each": 100, "width": 64, "heads": 2,
                                 "blocks": 2, "steps": 250, "batch": 16, "rate": 4e-3, "decay": 0.01, "shots": 5,
                                 "queries": 5, "tests": 600}),
        "gpu": Scale(900, 8192, {"small": False, "kinds": 225, "asked_kinds": 120, "each": 100, "width": 256,
                                 "heads": 8, "blocks": 6, "steps": 10_000, "batch": 128, "rate": 5e-4, "decay": 0.01,
                                 "shots": 5, "queries": 5, "tests": 4000}),
    }
    slot = InContextLearningMethod
    baseline = "prototypes"
    sources = (QUICKDRAW,)

    def data(self, trial: Trial) -> ContextData:
        return context_data(trial)

    def run(self, method: InContextLearningMethod, data: ContextData, trial: Trial) -> dict[str, float]:
        x, y = (data.told_x, data.told_y) if method.sees_kinds else (data.x, data.y)
        net = self._train(method, Task(x, y, trial), trial)
        first = first_of_each(data.given)

        def said(context: Tensor, given: Tensor) -> Tensor:
            found = torch.cat([method.answer(net, *parts) for parts in zip(
                context.split(200), given.split(200), data.queries.split(200), strict=True)]).detach()
            if found.shape != (*data.answers.shape, WAYS) or not torch.isfinite(found).all():
                raise ValueError(f"{method.slug()}: finite logits of {WAYS} classes are wanted for every query")
            return found

        full, one = said(data.context, data.given), said(taken(data.context, first), data.given.gather(1, first))
        flipped = said(data.context.flip(1), data.given.flip(1)).argmax(2)
        return {"log_loss": F.cross_entropy(full.flatten(0, 1), data.answers.flatten()).item(),
                "accuracy": 100 * (full.argmax(2) == data.answers).double().mean().item(),
                "one_shot": 100 * (one.argmax(2) == data.answers).double().mean().item(),
                "order_flips": 100 * (full.argmax(2) != flipped).double().mean().item()}

    def _train(self, method, task: Task, trial: Trial) -> nn.Module:
        o, net = trial.options, method.prepare(task)
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        if not method.trains:
            trial.record(1, 1, loss=0.0)
            return net
        optimizer = torch.optim.AdamW(net.parameters(), o.rate, betas=(0.9, 0.98), weight_decay=o.decay)
        for step in range(task.steps):
            task.step = step
            optimizer.param_groups[0]["lr"] = o.rate * schedule(step, task.steps)
            value = method.loss(net, task)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            if step % max(1, task.steps // 20) == 0 or step == task.steps - 1:
                trial.record(step + 1, task.steps, loss=value.item())
        return net.eval()

    def shuffle_labels(self, data: ContextData, generator: torch.Generator) -> ContextData:
        """The classes of each context change places."""
        lots = torch.rand(data.given.shape, generator=generator).to(data.given.device)
        return replace(data, given=data.given.gather(1, lots.argsort(1)))


def first_of_each(given: Tensor) -> Tensor:
    """(E, 5) the place of the first pair of each class, in the order of places.

    >>> first_of_each(torch.tensor([[1, 1, 0, 3, 2, 4]])).tolist()
    [[0, 2, 3, 4, 5]]
    """
    same = given[:, None] == torch.arange(WAYS, device=given.device)[:, None]
    return same.float().argmax(2).sort(1).values


def taken(x: Tensor, rows: Tensor) -> Tensor:
    return x.gather(1, rows[..., None].expand(-1, -1, x.shape[2]))
