"""Which rewritings should mean the same?

Functions of the Python standard library, as 64 tokens, are read by a small network that has learnt to guess hidden
tokens. 60 further steps are to make it say, by the nearness of its vectors, what functions do and not how they look.
Three kinds of rewriting keep the meaning (other names, idle lines, laws of logic on conditions), one changes it (a
condition negated, an `and` made an `or`). Asked are functions of other files: to be found among 600 by a version whose
names, none of them used in training, are all others, and by a version of which a third of the tokens are gone; and
whether a version by laws of logic is nearer to a function than one that means something else.

Everybody trains with AdamW at one rate on batches of 24. Temperatures and weights are the papers' or ours, as each file
says; none was chosen by scores. Tests use the same laws as training, on other functions.

Seen when the arena was set (one seed, 120 steps): synonyms alone find nearly all functions with other names; the steps
were halved afterwards for time. Nothing was measured over seeds yet.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.contrastive_text.stage._data import RewriteData, blank, rewrite_data
from methods.arenas.contrastive_text.stage.task import MASK, Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Trial


class ContrastiveTextMethod(Method):
    """The slot: `fit` is all there is."""

    sees_tests = False              # an upper bound, not a contestant

    def fit(self, task: Task) -> nn.Module:
        """What is asked: a module that maps tokens (N, T) to vectors (N, D)."""
        raise NotImplementedError


class ContrastiveText(Arena):
    title = "Contrastive text"
    metrics = (
        Metric("attacked_mrr", "Found by other names", unit="%", chance=1.2, ceiling=100,
               help="mean of 1 / rank of a function asked for by its version with other names, among all tests"),
        Metric("clean_mrr", "Found by a part", unit="%", chance=1.2, ceiling=100,
               help="the same, asked for by itself with a third of its tokens hidden"),
        Metric("logic_accuracy", "Logic", unit="%", chance=50, ceiling=100,
               help="functions nearer to a version by laws of logic than to one that means something else"),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "functions": 40, "tests": 30, "batch": 8, "steps": 8, "rate": 3e-3}),
        "full": Scale(60, 2048, {"small": False, "functions": 1400, "tests": 600, "batch": 24, "steps": 60,
                                 "rate": 3e-3}),
        "gpu": Scale(300, 8192, {"small": False, "functions": 1400, "tests": 600, "batch": 96, "steps": 1000,
                                 "rate": 3e-3}),
    }
    slot = ContrastiveTextMethod
    baseline = "simcse"
    sources = (datasets.STDLIB,)

    def data(self, trial: Trial) -> RewriteData:
        return rewrite_data(trial)

    def run(self, method: ContrastiveTextMethod, data: RewriteData, trial: Trial) -> dict[str, float]:
        task = Task(data.text, data.kinds, data if method.sees_tests else None, data.start, blank, trial)
        encoder = method.fit(task)
        encoder.eval()
        gone = torch.rand(data.test.shape, generator=trial.generator("gone")).to(trial.device) < 1 / 3

        def read(ids: Tensor) -> Tensor:
            with torch.no_grad():
                said = nn.functional.normalize(torch.cat([encoder(part) for part in ids.split(200)]), dim=1)
            if len(said) != len(ids) or not torch.isfinite(said).all():
                raise ValueError(f"{method.slug()}: a finite vector is wanted for every function")
            return said

        own, asked = read(data.test), {name: read(ids) for name, ids in data.test_kinds.items()}
        trial.count(parameters=sum(p.numel() for p in encoder.parameters()))
        lead = (own * (asked["law"] - asked["broken"])).sum(1)
        return {"attacked_mrr": mrr(asked["names"], own),
                "clean_mrr": mrr(read(data.test.masked_fill(gone, MASK)), own),
                "logic_accuracy": 100 * ((lead > 0).double() + 0.5 * (lead == 0).double()).mean().item()}

    def shuffle_labels(self, data: RewriteData, generator: torch.Generator) -> RewriteData:
        """Rewritings are dealt to other functions; the start's embeddings to other tokens."""
        order = torch.randperm(len(data.text), generator=generator)
        return replace(data, kinds={name: each[:, order] for name, each in data.kinds.items()})


def mrr(asked: Tensor, gallery: Tensor) -> float:
    """Mean in % of 1 / rank of the row of one's own among all rows; ties count half."""
    near = asked @ gallery.T
    own = near.diagonal()[:, None]
    rank = 1 + (near > own).sum(1) + ((near == own).sum(1) - 1) / 2
    return 100 * (1 / rank).mean().item()
