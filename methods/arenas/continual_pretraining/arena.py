"""How does a trained model take in new text and keep the old?

A causal language model of 29,000 weights has read novels, an English Bible, reviews and news (1,500 steps of 16 windows
of 65 pieces; the rate fell to a tenth). Now it is to read 1,280 windows of the Bible in Portuguese, once: 80 steps of
16 windows with AdamW. It is asked for other passages of what it knew and of what it has read since, by other documents;
the score is bits per byte, half old and half new, so that neither learning nor keeping alone wins. Windows of the old
texts, 500 a source, are at hand: a method says what a batch is made of, how the rate goes, what the loss is, and what
of the model trains. Where a method cuts text into other pieces, bits are still counted per byte of the same text.

Unless a method owns it, the rate warms up for a tenth of the steps and falls by a cosine to a tenth. Its height is
0.001, 0.003 or 0.01: the one with the lowest bits per byte on validation documents, old and new alike, at three seeds
that are never scored, in `default`. Where the first two tried told the direction the third was left out, methods with
new pieces share one, and methods about the rate have their own. Weights of losses are the papers' or chosen on the same
seeds, as each file says, and the regime was set on them. The rate weighs new text against old, so methods compared on
one of the two alone may stand at different points of that balance. Pieces' frequencies alone give some 3.9 bits a byte.

In `stream` four texts come one after another, 32 steps each: the Bible in Portuguese, source code, the Bible in Latin,
docstrings. Starts are trained once and kept, three of them, dealt to the seeds in turn, so that what differs between
starts is seen less often than the seeds suggest.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.continual_pretraining.stage._data import Texts, texts
from methods.arenas.continual_pretraining.stage.task import Task, mean_nats, nats
from methods.kit.lm_nets import groups
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.lm_starts import blank
from methods.kit.stage.sources import BIBLE, NOVELS


class ContinualPretrainingMethod(Method):
    """The slot: everything has a default, which together is plain continued training."""

    rate_factor = 1.0        # of the arena's rate; 1/3, 1 or 3, by validation

    def order(self, new: list[Tensor], task: Task) -> list[int]:
        """In which order the new texts are read."""
        return list(range(len(new)))

    def prepare(self, net: nn.Module, task: Task) -> nn.Module:
        """Called before each text with the model so far: what is to be trained on it, and asked afterwards."""
        return net

    def cut(self, windows: Tensor, task: Task) -> Tensor:
        """Windows in other pieces, EMPTY at the end where they become shorter; the first piece stays."""
        return windows

    def rate(self, task: Task) -> float:
        """The factor on the rate at this step."""
        return warm_cosine(task.progress, 0.1, 0.1, task.steps)

    def batch(self, task: Task) -> Tensor:
        """The windows of this step."""
        return task.draw()

    def loss(self, net: nn.Module, batch: Tensor, task: Task) -> Tensor:
        return mean_nats(net, batch)


def warm_cosine(progress: float, warm: float, floor: float, steps: int) -> float:
    """Up in a straight line over a share `warm` of the steps, then by a cosine to `floor`.

    >>> [round(warm_cosine(p, 0.1, 0.1, 100), 2) for p in (0.0, 0.1, 0.55, 1.0)]
    [0.1, 1.0, 0.55, 0.1]
    """
    if progress < warm:
        return min(1.0, (progress * steps + 1) / max(1.0, warm * steps))
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (progress - warm) / (1 - warm)))


class ContinualPretraining(Arena):
    title = "Continual pretraining"
    metrics = (
        Metric("mean_bpb", "Bits per byte", "lower", "bits", help="mean of old and new text"),
        Metric("new_bpb", "New text", "lower", "bits", help="bits per byte of texts read in the run, at its end"),
        Metric("old_bpb", "Old text", "lower", "bits", help="bits per byte of texts that the start had read"),
        Metric("learnt_bpb", "Just learnt", "lower", "bits",
               help="bits per byte of each new text right after it was read, mean over texts"),
        Metric("forgetting", "Forgetting", "lower", "bits",
               help="how much bits per byte rose since the start (old texts, one part) or since the text was read "
                    "(all but the last, a part each)"),
    )
    settings = (
        Setting("default", "one new language", {"stages": ("bible-pt",), "share": 1.0}),
        Setting("stream", "four texts one after another",
                {"stages": ("bible-pt", "code", "bible-la", "docs"), "share": 0.4}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "size": "narrow", "read": 5, "steps": 5, "rate": 3e-3, "decay": 0.05,
                                 "batch": 4, "kept": 16, "asked_old": 4, "asked_new": 8}),
        "full": Scale(60, 2048, {"small": False, "size": "narrow", "read": 1500, "steps": 80, "rate": 3e-3,
                                 "decay": 0.05, "batch": 16, "kept": 500, "asked_old": 96, "asked_new": 384}),
        "gpu": Scale(600, 8192, {"small": False, "size": "parent", "read": 6000, "steps": 1000, "rate": 1e-3,
                                 "decay": 0.05, "batch": 64, "kept": 4000, "asked_old": 1024, "asked_new": 4096}),
    }
    slot = ContinualPretrainingMethod
    baseline = "naive"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> Texts:
        return texts(trial)

    def run(self, method: ContinualPretrainingMethod, data: Texts, trial: Trial) -> dict[str, float]:
        task = Task(data, trial, blank(trial.options.size, trial.seed))
        order = method.order(list(data.new), task)
        learnt: dict[int, float] = {}
        optimizer = None
        net = task.net()
        for stage, at in enumerate(order):
            task.begin(stage, at, net)
            net = method.prepare(net, task)
            optimizer = self._train(method, net, optimizer, task, trial)
            task.past.append(task.new)
            learnt[at] = self._bits(method, net, data.test_new[at], task)
        old = self._bits(method, net, torch.cat(data.test_old), task)
        last = {order[-1]: learnt[order[-1]]}
        new = {at: last[at] if at in last else self._bits(method, net, data.test_new[at], task) for at in order}
        rises = [old - data.start_bpb, *(new[at] - learnt[at] for at in order[:-1])]
        return {"mean_bpb": (old + mean(new.values())) / 2, "new_bpb": mean(new.values()), "old_bpb": old,
                "learnt_bpb": mean(learnt.values()), "forgetting": mean(rises)}

    def _train(self, method, net, optimizer, task: Task, trial: Trial):
        """One text. The optimizer is new where other weights train than before."""
        o = trial.options
        trained = [p for p in net.parameters() if p.requires_grad]
        trial.counts["parameters"] = max(trial.counts.get("parameters", 0), sum(p.numel() for p in trained))
        if not trained:
            return None
        if optimizer is None or {id(p) for g in optimizer.param_groups for p in g["params"]} != set(map(id, trained)):
            optimizer = torch.optim.AdamW(groups(net, o.decay), o.rate, betas=(0.9, 0.98))
        net.train()
        for step in range(task.steps):
            task.step = step
            for group in optimizer.param_groups:
                group["lr"] = o.rate * method.rate_factor * method.rate(task)
            batch = method.cut(method.batch(task), task)
            value = method.loss(net, batch, task)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            trial.count(windows=len(batch))
            if step % max(1, task.steps // 20) == 0 or step == task.steps - 1:
                trial.record(task.stage * task.steps + step + 1, task.stages * task.steps, loss=value.item())
        net.eval()
        return optimizer

    @torch.no_grad()
    def _bits(self, method, net, windows: Tensor, task: Task) -> float:
        total = sum(nats(net, method.cut(part, task)).double().sum().item() for part in windows.split(256))
        return total / math.log(2) / int(task.sizes[windows[:, 1:].long()].sum())

    def shuffle_labels(self, data: Texts, generator: torch.Generator) -> Texts:
        """What is read has its pieces in another order within each window, and the start has learnt nothing."""
        def mixed(windows: Tensor) -> Tensor:
            order = torch.rand(windows.shape, generator=generator).argsort(1)
            return windows.gather(1, order.to(windows.device))

        start = {name: value.flatten()[torch.randperm(value.numel(), generator=generator).to(value.device)]
                 .view_as(value) for name, value in data.start.items()}
        return replace(data, start=start, old=tuple(map(mixed, data.old)), new=tuple(map(mixed, data.new)))


def mean(values) -> float:
    values = list(values)
    return sum(values) / len(values)
