"""Does pretraining leave a body that a new language can use?

An encoder of one block of width 48 behind a short convolution reads English of four kinds (hidden whole words, 15 %).
Then its body stands still and a new table of embeddings, of the new language's own 512 units, is learnt on that
language's text with the same question, in fewer steps. Words of chapters that nobody read are hidden; the score is
their bits a byte, at the end and after a quarter of the steps.

The new language is Portuguese: 2,000 windows of 32 words in `default`, 160 (about 25 kB) in `scarce`; in `distant` it
is as little Latin. English and the other language share many letters' units in spelling only: each table is drawn and
learnt anew. Output weights are the embeddings, so they are learnt with them.

AdamW, rate 0.01 for all, up over 5 % of the steps, then down by a cosine to a tenth. The sizes were chosen on seeds
that are never scored, so that a body that read English leaves one of random weights behind; nothing was searched for a
method. The bound may train the body as well, on the new language, before its embeddings are drawn anew.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import nn

from methods.arenas.language_transfer.stage._data import TransferData, transfer_data
from methods.arenas.language_transfer.stage.task import Task, hidden_loss
from methods.arenas.language_transfer.stage.words import MASK
from methods.kit.lm_nets import Body, groups
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.data import BROWN, MOVIE_REVIEWS, REUTERS, STDLIB
from methods.kit.stage.sources import BIBLE, NOVELS


class LanguageTransferMethod(Method):
    """The slot: everything has a default, which together is ordinary pretraining."""

    reads = "english"           # or "other", of a bound, or "nothing"
    body_learns = False         # with the new embeddings

    def before_step(self, net: Body, optimizer: torch.optim.Optimizer, task: Task) -> None:
        """Before each step of pretraining; the optimizer's groups are the body's, then the embeddings' alone."""

    def rate(self, task: Task) -> float:
        """The factor on the embeddings' rate in pretraining."""
        return schedule(task.progress, task.steps)


def schedule(progress: float, steps: int) -> float:
    """Up in a straight line over 5 % of the steps, then by a cosine to a tenth."""
    return min(1.0, (progress * steps + 1) / (0.05 * steps)) * (0.1 + 0.45 * (1 + math.cos(math.pi * progress)))


class LanguageTransfer(Arena):
    title = "Language transfer"
    metrics = (
        Metric("adaptation_bits", "Hidden words", "lower", "bits", chance=3.5, ceiling=0,
               chance_in={"scarce": None, "distant": None}, help="a byte of hidden words of the new language"),
        Metric("early_bits", "Hidden words, early", "lower", "bits", help="likewise, after a quarter of the steps"),
    )
    settings = (
        Setting("default", "Portuguese"),
        Setting("scarce", "hardly any Portuguese", {"share": 0.08}),
        Setting("distant", "hardly any Latin", {"share": 0.08, "language": "bible-la"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "language": "bible-pt", "read": 160, "many": 100, "share": 1.0,
                                 "tests": 40, "length": 24, "width": 16, "blocks": 1, "steps": 6, "adapt": 4,
                                 "batch": 4, "rate": 1e-2, "decay": 0.05}),
        "full": Scale(60, 2048, {"small": False, "language": "bible-pt", "read": 6000, "many": 2000, "share": 1.0,
                                 "tests": 600, "length": 48, "width": 48, "blocks": 1, "steps": 240, "adapt": 80,
                                 "batch": 16, "rate": 1e-2, "decay": 0.05}),
        "gpu": Scale(600, 8192, {"small": False, "language": "bible-pt", "read": 40_000, "many": 2000, "share": 1.0,
                                 "tests": 2000, "length": 128, "width": 192, "blocks": 4, "steps": 6000,
                                 "adapt": 1000, "batch": 64, "rate": 2e-3, "decay": 0.05}),
    }
    slot = LanguageTransferMethod
    baseline = "no-forgetting"
    sources = (BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS, BROWN, STDLIB)

    def data(self, trial: Trial) -> TransferData:
        return transfer_data(trial)

    def run(self, method: LanguageTransferMethod, data: TransferData, trial: Trial) -> dict[str, float]:
        o, task = trial.options, Task(data, trial)
        net = task.blank()
        if method.reads == "other":
            task.open(data.other, data.pieces[1])
        self._train(net, task, 0 if method.reads == "nothing" else o.steps, trial, method)
        for name, value in net.named_parameters():
            value.requires_grad_(method.body_learns or name == "embed.weight")
        net.embed = nn.Embedding(data.pieces[1], o.width, device=trial.device)
        with torch.no_grad():
            net.embed.weight.copy_(0.1 * torch.randn(net.embed.weight.shape, generator=task.generator))
        trial.count(parameters=sum(p.numel() for p in net.parameters() if p.requires_grad))
        task.open(data.other, data.pieces[1])
        return self._train(net, task, o.adapt, trial, None, data)

    def _train(self, net: Body, task: Task, steps: int, trial: Trial, method, data=None) -> dict[str, float]:
        """Pretraining with a method, or learning of a new language with what is asked of it."""
        o, task.steps, scores = trial.options, steps, {}
        table = groups(net.embed, o.decay)[0]
        body = [{**group, "params": [p for p in group["params"] if p is not net.embed.weight]}
                for group in groups(net, o.decay)]
        optimizer = torch.optim.AdamW([*body, table], o.rate, betas=(0.9, 0.98))
        for task.step in range(steps):
            if method:
                method.before_step(net, optimizer, task)
            for group in optimizer.param_groups:
                group["lr"] = o.rate * schedule(task.progress, steps)
            if method:
                optimizer.param_groups[-1]["lr"] = o.rate * method.rate(task)
            value = hidden_loss(net, *task.draw())
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_([p for p in net.parameters() if p.requires_grad], 1.0)
            optimizer.step()
            trial.count(units=task.options.length * o.batch)
            if task.step % max(1, steps // 20) == 0 or task.step == steps - 1:
                trial.record(task.step + 1, steps, loss=value.item())
            if data is not None and task.step + 1 in (max(1, steps // 4), steps):
                scores["adaptation_bits" if task.step + 1 == steps else "early_bits"] = bits(net, data)
        return scores

    def shuffle_labels(self, data: TransferData, generator: torch.Generator) -> TransferData:
        """Units of the new language's text change places, words and all."""
        ids, of = data.other
        mixed = ids.flatten()[torch.randperm(ids.numel(), generator=generator).to(ids.device)].view_as(ids)
        return replace(data, other=(mixed, of))


@torch.no_grad()
def bits(net: Body, data: TransferData) -> float:
    """A byte of the hidden words."""
    (ids, _), nats, size = data.test, 0.0, 0
    for part, hidden in zip(ids.split(200), data.hidden.split(200), strict=True):
        nats += float(hidden_loss(net, part, part.masked_fill(hidden, MASK), hidden)) * int(hidden.sum())
        size += int(data.sizes[part[hidden]].sum())
    return nats / math.log(2) / size
