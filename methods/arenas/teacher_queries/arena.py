"""Which inputs should a teacher be asked about?

A teacher names clothing (Fashion-MNIST), 87 % of it rightly, and may be asked 200 times what it thinks of a picture. It
answers with logits. A pool of 6,000 pictures without labels lies ready: they may be chosen, mixed or changed before the
teacher is asked, and a method that asks in rounds may train a student for 60 steps between them to see what is still
missing. At the end a fresh student of some 6,000 weights learns all answers for 300 steps of 32 pictures, each shifted
by up to two dots, and is asked about 10,000 others; its first weights are the same for everybody. Its batch
normalisation takes the statistics of 2,000 pictures of the pool.

Teachers are trained once and kept, five of them, dealt to the seeds in turn. Strengths of methods are the papers' or
ours, or were chosen from three values on validation pictures of seeds 100 to 102, as each file says. How many answers
there are was set after a look at 400, where a random choice and all of the pool were one point apart.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.teacher_queries.stage._data import Dealing, QueryData, query_data
from methods.arenas.teacher_queries.stage.nets import in_batches
from methods.arenas.teacher_queries.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.encoders import settle_norms
from methods.kit.stage.seeding import seeded


class TeacherQueriesMethod(Method):
    """The slot: `queries` says what to ask, all at once or in as many rounds as `rounds` says."""

    rounds = 1
    asks_everything = False         # sees what the teacher says of the whole pool

    def queries(self, task: Task, many: int) -> Tensor:
        """At most `many` pictures (many, 1, H, W) in 0..1 to be asked about next."""
        raise NotImplementedError

    def lessons(self, task: Task) -> tuple[Tensor, Tensor]:
        """The pictures (M, 1, H, W) and logits (M, 10) that the last student learns from."""
        return task.asked, task.answers


class TeacherQueries(Arena):
    title = "Questions to a teacher"
    metrics = (
        Metric("accuracy", "Accuracy", unit="%", chance=10, ceiling=100, help="test pictures named rightly"),
        Metric("nll", "Negative log-likelihood", "lower", "nats", chance=math.log(10), ceiling=0,
               help="of the true class, mean over test pictures"),
    )
    settings = (Setting("default", "200 answers", {"answered": 200}),)
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "pool": 300, "labels": 40, "val": 100, "test": 300, "batch": 32,
                                 "width": 4, "steps": 20, "look_steps": 3, "rate": 1e-2, "decay": 0.01, "shift": 1}),
        "full": Scale(60, 2048, {"small": False, "pool": 6000, "labels": 100, "val": 4000, "test": 10_000, "batch": 32,
                                 "width": 4, "steps": 300, "look_steps": 60, "rate": 3e-3, "decay": 0.01, "shift": 2}),
        "gpu": Scale(600, 8192, {"small": False, "pool": 16_000, "labels": 100, "val": 1000, "test": 12_000,
                                 "batch": 256, "width": 16, "steps": 4000, "look_steps": 800, "rate": 3e-3,
                                 "decay": 0.01, "shift": 2}),
    }
    slot = TeacherQueriesMethod
    baseline = "random-queries"
    sources = (datasets.FASHION_MNIST, datasets.QUICKDRAW, datasets.DIGITS)

    def data(self, trial: Trial) -> QueryData:
        return query_data(trial)

    def run(self, method: TeacherQueriesMethod, data: QueryData, trial: Trial) -> dict[str, float]:
        o = trial.options
        task = Task(data, data.told if method.asks_everything else None, trial)
        left = o.answered
        for turn in range(method.rounds):
            many = left // (method.rounds - turn)
            x = method.queries(task, many)
            if len(x) > many or x.shape[1:] != data.x.shape[1:] or not ((x >= 0) & (x <= 1)).all():
                raise ValueError(f"{method.slug()}: at most {many} pictures in 0..1 may be asked about")
            task.ask(x.detach())
            left -= many
        x, answers = method.lessons(task)
        with seeded(trial.seed, trial.device):           # first weights and batches, whatever was drawn before
            student = task.blank()
            if len(x):
                task.learn(student, x.detach(), answers.detach(), o.steps, record=True)
        settle_norms(student, data.x)
        trial.count(parameters=sum(p.numel() for p in student.parameters()))
        logits = in_batches(student, data.test_x)
        return {"accuracy": 100 * (logits.argmax(1) == data.test_y).double().mean().item(),
                "nll": F.cross_entropy(logits, data.test_y).item()}

    def shuffle_labels(self, data: QueryData, generator: torch.Generator) -> QueryData:
        """Answers are dealt to other pictures, of the pool and of those asked together, and so are the few labels."""
        order = torch.randperm(len(data.x), generator=generator)
        few = torch.randperm(len(data.few_y), generator=generator)
        return replace(data, told=data.told[order], teacher=Dealing(data.teacher), few_y=data.few_y[few])
