"""What does an encoder gain for tasks with few labels from training on many other labelled tasks first?

All is invented. A text is eight of forty symbols; each symbol has four hidden traits, every task weighs them in its own
way and cuts the mean into two to six classes, and a tenth of the labels is drawn. A method trains the encoder on 24
tasks with 30 to 600 labels each, for 200 steps. The encoder is then tuned, once for each of eight further tasks, on 40
labels, and asked 1,000 texts of each. In `few` there are three tasks to train on before, with as many steps.

What was set after looking at scores of one seed that is not scored: the numbers of symbols, traits and classes, and the
rate and steps, as the methods lay closer together before. The encoder is small and has not read any text before.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.task_transfer.stage.nets import Encoder
from methods.arenas.task_transfer.stage.task import Labelled, Task
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial

SYMBOLS, LENGTH, TRAITS = 40, 8, 4


@dataclass(frozen=True)
class TransferData:
    tasks: list[Labelled]
    few: list[Labelled]              # what the encoder is tuned on at last
    many: list[Labelled]             # the same tasks with many labels, for an upper bound
    test: list[Labelled]


class TaskTransferMethod(Method):
    """The slot: `pretune` trains the encoder on the other tasks."""

    sees_many = False                # tuned on many labels at last: an upper bound, not a contestant

    def pretune(self, encoder: Encoder, task: Task) -> Encoder:
        return encoder


class TaskTransfer(Arena):
    title = "Transfer from many tasks"
    metrics = (
        Metric("log_loss", "Log loss", better="lower", unit="nats", help="of the class, over texts of eight tasks"),
        Metric("accuracy", "Accuracy", unit="%", ceiling=100, help="texts whose class is named, over eight tasks"),
    )
    settings = (
        Setting("default", "24 tasks before", {"others": 24}),
        Setting("few", "three tasks before", {"others": 3}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"pretuning": 4, "tuning": 3, "held": 2, "labels": 12, "lots": 30, "tests": 40,
                                 "rate": 3e-3, "width": 16}),
        "full": Scale(60, 2048, {"pretuning": 200, "tuning": 40, "held": 8, "labels": 40, "lots": 2000, "tests": 1000,
                                 "rate": 5e-3, "width": 32}),
        "gpu": Scale(600, 8192, {"pretuning": 4000, "tuning": 200, "held": 48, "labels": 40, "lots": 4000,
                                 "tests": 4000, "rate": 1e-3, "width": 256}),
    }
    slot = TaskTransferMethod
    baseline = "no-pretuning"

    def data(self, trial: Trial) -> TransferData:
        o, drawn = trial.options, trial.generator("traits")
        traits = torch.randn(SYMBOLS, TRAITS, generator=drawn)
        makers = {name: trial.generator(name) for name in ("tasks", "held")}
        sizes = (30 * 20 ** torch.rand(o.others, generator=drawn)).long().tolist()
        tasks = [_labelled(traits, [size], makers["tasks"], trial)[0] for size in sizes]
        held = [_labelled(traits, [o.labels, o.lots, o.tests], makers["held"], trial) for _ in range(o.held)]
        return TransferData(tasks, *map(list, zip(*held, strict=True)))

    def run(self, method: TaskTransferMethod, data: TransferData, trial: Trial) -> dict[str, float]:
        o, task = trial.options, Task(data.tasks, trial)
        encoder = method.pretune(Encoder(SYMBOLS, o.width).to(trial.device), task).requires_grad_(True)
        losses, right = [], []
        for few, test in zip(data.many if method.sees_many else data.few, data.test, strict=True):
            said = _tuned(copy.deepcopy(encoder), few, test, task, o.tuning * (5 if method.sees_many else 1))
            losses.append(F.cross_entropy(said, test.classes).item())
            right.append((said.argmax(1) == test.classes).double().mean().item())
        trial.count(labels=sum(len(each.texts) for each in data.tasks))
        trial.record(1, 1, log_loss=sum(losses) / len(losses))
        return {"log_loss": sum(losses) / len(losses), "accuracy": 100 * sum(right) / len(right)}

    def shuffle_labels(self, data: TransferData, generator: torch.Generator) -> TransferData:
        def mixed(tasks: list[Labelled]) -> list[Labelled]:
            return [replace(t, classes=t.classes[torch.randperm(len(t.classes), generator=generator).to(
                t.classes.device)]) for t in tasks]
        return replace(data, tasks=mixed(data.tasks), few=mixed(data.few), many=mixed(data.many))


def _labelled(traits: Tensor, sizes: list[int], drawn: torch.Generator, trial: Trial) -> list[Labelled]:
    """Texts of one task, in several parts."""
    weights, many = torch.randn(traits.shape[1], generator=drawn), int(torch.randint(2, 7, (), generator=drawn))
    cuts = (torch.arange(1, many) / many)
    texts = torch.randint(len(traits), (max(400, sum(sizes)), LENGTH), generator=drawn)
    score = (traits @ weights)[texts].mean(1)
    classes = torch.bucketize(score, score.quantile(cuts))
    drawn_ones = torch.rand(len(texts), generator=drawn) < 0.1
    classes = torch.where(drawn_ones, torch.randint(many, (len(texts),), generator=drawn), classes)
    where = trial.device
    parts = zip(texts.split([*sizes, len(texts) - sum(sizes)]), classes.split([*sizes, len(texts) - sum(sizes)]),
                strict=True)
    return [Labelled(x.to(where), y.to(where), many) for x, y in parts][:len(sizes)]


def _tuned(encoder: Encoder, few: Labelled, test: Labelled, task: Task, steps: int) -> Tensor:
    """Logits of the test's texts after tuning encoder and a new head."""
    head, o, drawn = task.head(encoder, few.many), task.trial.options, task.trial.generator("tuning")
    optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], o.rate, weight_decay=0.01)
    for _ in range(steps):
        rows = torch.randint(len(few.texts), (32,), generator=drawn).to(few.texts.device)
        loss = F.cross_entropy(head(encoder(few.texts[rows])), few.classes[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return head(encoder(test.texts))
