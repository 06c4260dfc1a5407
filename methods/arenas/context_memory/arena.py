"""A text was read before: what of it survives in the form in which a model keeps it?

A language model of bytes has read source code (four blocks of width 64) and is frozen. It is given the last of 33 bytes
of another file, and the next eight are asked. What it would lose with nothing but that byte, and what with all 33 in
its window, is the range; how much of it a method recovers counts, whose memory was made of the 32 bytes before. What
learns to make a memory does so from 1,600 other documents, each once, in 100 steps.

In `lists` the context ends with a list of four names of the file, and the same list follows, of which 22 bytes are
asked. All methods are also read another document's context, and the own context with its words in another order. So
one sees whether what was said is remembered, and whether its order is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from methods.arenas.context_memory.stage._data import Documents, documents
from methods.arenas.context_memory.stage.recurrent import recurrent
from methods.arenas.context_memory.stage.task import Task, nats
from methods.kit.lm_nets import Body
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.byte_models import byte_model


@dataclass(frozen=True)
class MemoryData:
    """`without` and `within` are the bits a byte of the model with nothing and with the whole context."""

    net: Body
    train: Documents
    test: Documents
    without: float
    within: float


class ContextMemoryMethod(Method):
    """The slot. `read` makes a memory of contexts (N, C); `logits` says with it what follows each of the bytes (N, T),
    (N, T, V). An instance keeps what `learn` has found."""

    sees_context = False            # the memory is the context itself: an upper bound, not a contestant

    def learn(self, task: Task) -> None:
        """What is to be learnt of making memories, from other documents."""

    def read(self, contexts: Tensor, task: Task) -> Any:
        raise NotImplementedError

    def logits(self, memory: Any, ids: Tensor, task: Task) -> Tensor:
        raise NotImplementedError


class ContextMemory(Arena):
    title = "Memory of what was read"
    metrics = (
        Metric("recovered", "Recovered", unit="%", chance=0, ceiling=100,
               help="of what the context in the window gains over the last byte alone"),
        Metric("bits", "Bits a byte", better="lower", unit="bits", ceiling=0),
        Metric("surprise", "Surprise left", better="lower", unit="%", chance=100, ceiling=0,
               help="bits with the own context by those with another document's"),
        Metric("order", "What order is worth", unit="bits",
               help="bits a byte that are lost when the words of the context come in another order"),
    )
    settings = (
        Setting("default", "source code goes on", {"lists": False, "target": 8}),
        Setting("lists", "a list comes again", {"lists": True, "target": 22}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "context": 40, "tests": 12, "steps": 2, "batch": 4}),
        "full": Scale(60, 2048, {"small": False, "context": 32, "tests": 300, "steps": 100, "batch": 16}),
        "gpu": Scale(600, 8192, {"small": False, "context": 32, "tests": 20_000, "steps": 5000, "batch": 64}),
    }
    slot = ContextMemoryMethod
    baseline = "generative-adapter"
    sources = (datasets.STDLIB,)

    def data(self, trial: Trial) -> MemoryData:
        recurrent(trial.options.small, trial.progress)     # made now: a run may not write
        net = byte_model("trained", trial.options.small, trial.progress).to(trial.device)
        train, test = (Documents(*(part.to(trial.device) for part in (each.contexts, each.mixed, each.follows)))
                       for each in documents(trial))
        ids, asked = test.follows[:, :-1], test.follows[:, 1:]
        with torch.no_grad():
            without = nats(net(ids), asked)
            within = nats(net(torch.cat([test.contexts, ids], 1))[:, -ids.shape[1]:], asked)
        return MemoryData(net, train, test, _bits(without), _bits(within))

    def run(self, method: ContextMemoryMethod, data: MemoryData, trial: Trial) -> dict[str, float]:
        task, test = Task(data.net, data.train, trial), data.test
        method.learn(task)
        half = len(test.follows) // 2
        own = self._loss(method, test.contexts, test.follows, task)
        other = self._loss(method, test.contexts.roll(1, 0)[:half], test.follows[:half], task)
        mixed = self._loss(method, test.mixed[:half], test.follows[:half], task)
        trial.count(documents=len(own))
        trial.record(trial.options.steps, trial.options.steps, loss=own.mean().item())
        gap = data.without - data.within
        return {"recovered": 100 * (data.without - _bits(own)) / (gap if abs(gap) > 1e-6 else 1e-6), "bits": _bits(own),
                "surprise": 100 * _bits(own[:half]) / _bits(other), "order": _bits(mixed) - _bits(own[:half])}

    def _loss(self, method: ContextMemoryMethod, contexts: Tensor, follows: Tensor, task: Task) -> Tensor:
        """(N, T) in nats, a hundred documents at a time."""
        found = []
        for context, follow in zip(contexts.split(100), follows.split(100), strict=True):
            memory = method.read(context.clone(), task)
            with torch.no_grad():
                logits = method.logits(memory, follow[:, :-1].clone(), task)
            if logits.shape != (len(follow), follow.shape[1] - 1, task.symbols) or not torch.isfinite(logits).all():
                raise ValueError(f"{method.slug()}: finite logits of every byte asked are wanted")
            found.append(nats(logits, follow[:, 1:]))
        return torch.cat(found)

    def shuffle_labels(self, data: MemoryData, generator: torch.Generator) -> MemoryData:
        """Every document is read another's context; the range stays what it was."""
        def dealt(part: Documents) -> Documents:
            order = torch.randperm(len(part.contexts), generator=generator).to(part.contexts.device)
            return replace(part, contexts=part.contexts[order], mixed=part.mixed[order])
        return replace(data, train=dealt(data.train), test=dealt(data.test))


def _bits(loss: Tensor) -> float:
    return loss.double().mean().item() / math.log(2)
