"""What should a language model be shown, and with what beside it?

A causal language model of one block of width 32 has read 400 batches of 16 windows of eight sources (three such
starts, trained once and kept, are dealt to the seeds in turn, so what differs between starts is seen less often than
the seeds suggest) and goes on for 160 steps of 32 windows with AdamW, the rate 0.01 (the shared stage's for this size),
warmed up for a tenth and falling by a cosine to a tenth. From random weights, which were tried first, as many steps end
near pieces' frequencies. A window is 33 pieces of one of eight sources: novels, the Bible in three languages, reviews,
news, source code, docstrings. The model is asked for other documents of all sources. The score is bits per byte of the
text alone; other rows put before it what the method says for its source (`tagged_bpb`), or for another (`steering`,
what the right one saves).

In `parallel` the text is the Bible in English and in Portuguese, and beginnings of the same verses in both are at hand;
`translation_bits` are those of the Portuguese one after the English. A model that has read text alone has never seen a
language change, so that much of what pairs teach there is when to change. In `unstable` the rate is thirty times as
high. In `small-corpus` there are 512 windows of English prose (some 30 kB), read ten times from random weights on. In
`specialised` docstrings are asked: 320 windows of them are at hand, read in the last fifth of the steps, after text of
the other sources, which are all that the start has read.

Everywhere a sentence of English prose is compared with itself after a word was changed (is and are, was and were, has
and have, this and these, that and those, a and an, each as often into the other as back); `minimal_pairs` counts how
often what was written is likelier. Frequencies of pieces alone give some 4 bits a byte. No strength of a method was
searched.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.causal_pretraining.stage._data import CausalData, causal_data
from methods.arenas.causal_pretraining.stage.task import Batch, Task, bits, nats
from methods.kit.lm_reading import adamw, warm_cosine
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.lm_text import NAMES
from methods.kit.stage.sources import BIBLE, NOVELS

WITHOUT_DOCS = ("code", "fiction", "bible-en", "bible-pt", "bible-la", "reviews", "news")


class CausalPretrainingMethod(Method):
    """The slot: everything has a default, which together is plain text."""

    def steps(self, whole: int) -> int:
        """How many steps are made, where others make `whole`."""
        return whole

    def prepare(self, task: Task) -> nn.Module:
        """The model; what helps it to learn may be part of it."""
        return task.start()

    def batch(self, task: Task) -> Batch:
        return Batch(task.draw(task.domain if task.specialising else None))

    def loss(self, net: nn.Module, batch: Batch, task: Task) -> Tensor:
        return nats(net, batch).mean()

    def after_step(self, net: nn.Module, optimizer: torch.optim.Optimizer, value: float, task: Task) -> None:
        pass

    def prefix(self, sources: Tensor, task: Task) -> Tensor | None:
        """Pieces (M, P) to be put before text of these sources when the model is asked."""
        return None


class CausalPretraining(Arena):
    title = "Causal pretraining"
    metrics = (
        Metric("bits_per_byte", "Bits per byte", "lower", "bits", help="of other documents, nothing before them"),
        Metric("tagged_bpb", "With what goes before", "lower", "bits",
               help="bits per byte behind what the method puts before text of the source"),
        Metric("worst_bpb", "Worst source", "lower", "bits", help="the highest of the sources, with what goes before"),
        Metric("steering", "Steering", unit="bits", chance=0,
               help="bits per byte that the right source before a text saves over another"),
        Metric("translation_bits", "Translation", "lower", "bits",
               help="per byte of a Portuguese verse after the English; where there are no verses, of the text"),
        Metric("minimal_pairs", "Minimal pairs", unit="%", chance=50, ceiling=100,
               help="sentences that are likelier than with a word changed"),
    )
    settings = (
        Setting("default", "eight sources"),
        Setting("parallel", "two languages and pairs of verses",
                {"names": ("bible-en", "bible-pt"), "asked_of": ("bible-en", "bible-pt"), "parallel": True}),
        Setting("unstable", "thirty times the rate", {"rate": 0.3}),
        Setting("small-corpus", "512 windows, ten passes",
                {"names": NAMES[:4], "asked_of": NAMES[:4], "text": 512, "read": 0}),
        Setting("specialised", "a little of what is asked",
                {"names": NAMES[:7], "asked_of": ("docs",), "domain": 320, "read_of": WITHOUT_DOCS}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "size": "narrow", "read": 3, "read_of": NAMES, "names": NAMES,
                                 "asked_of": NAMES, "parallel": False, "domain": 0, "text": 64,
                                 "valid": 16, "tests": 16, "sentences": 24, "steps": 10, "batch": 4,
                                 "rate": 5e-3}),
        "full": Scale(60, 2048, {"small": False, "size": "narrow", "read": 400, "read_of": NAMES, "names": NAMES,
                                 "asked_of": NAMES, "parallel": False, "domain": 0, "text": 6400, "valid": 256,
                                 "tests": 1600,
                                 "sentences": 1000, "steps": 160, "batch": 32, "rate": 1e-2}),
        "gpu": Scale(900, 8192, {"small": False, "size": "parent", "read": 2000, "read_of": NAMES, "names": NAMES,
                                 "asked_of": NAMES, "parallel": False, "domain": 0, "text": 64000, "valid": 1024,
                                 "tests": 8192,
                                 "sentences": 4000, "steps": 4000, "batch": 64, "rate": 3e-3}),
    }
    slot = CausalPretrainingMethod
    baseline = "plain-text"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> CausalData:
        return causal_data(trial)

    def run(self, method: CausalPretrainingMethod, data: CausalData, trial: Trial) -> dict[str, float]:
        o = trial.options
        task = Task(data, trial, max(1, method.steps(o.steps)))
        net = method.prepare(task)
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        optimizer = adamw(net, o.rate)
        for i in range(task.steps):
            task.step = i
            batch = method.batch(task)
            value = method.loss(net, batch, task)
            for group in optimizer.param_groups:
                group["lr"] = o.rate * task.rate_factor * warm_cosine(task.progress, task.steps)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            trial.count(pieces=batch.windows.numel())
            method.after_step(net, optimizer, value.item(), task)
            if task.step % max(1, task.steps // 20) == 0 or task.step == task.steps - 1:
                trial.record(task.step + 1, task.steps, loss=value.item())
        return self._asked(method, net.eval(), data, task)

    def _asked(self, method, net: nn.Module, data: CausalData, task: Task) -> dict[str, float]:
        plain = per_byte(*bits(net, data.test, data.sizes))
        before = method.prefix(data.test_source, task)
        other = method.prefix((data.test_source + 3) % len(NAMES), task)
        tagged, size = bits(net, data.test, data.sizes, before)
        astray = tagged if other is None else bits(net, data.test, data.sizes, other)[0]
        each = [per_byte(tagged[data.test_source == i], size[data.test_source == i])
                for i in data.test_source.unique().tolist()]
        translated = per_byte(*bits(net, data.test_pairs, data.sizes, None, task.pair_first)) if len(data.test_pairs) \
            else plain
        return {"bits_per_byte": plain, "tagged_bpb": per_byte(tagged, size), "worst_bpb": max(each),
                "steering": per_byte(astray, size) - per_byte(tagged, size), "translation_bits": translated,
                "minimal_pairs": 100 * preferred(net, data)}

    def shuffle_labels(self, data: CausalData, generator: torch.Generator) -> CausalData:
        """The pieces of every window that is read are in mixed order, sources are dealt anew, the start has learnt
        nothing."""
        def mixed(windows: Tensor) -> Tensor:
            return windows.gather(1, torch.rand(windows.shape, generator=generator).argsort(1).to(windows.device))

        start = {name: value.flatten()[torch.randperm(value.numel(), generator=generator).to(value.device)]
                 .view_as(value) for name, value in data.start.items()}
        return replace(data, text=mixed(data.text), domain=mixed(data.domain), pairs=mixed(data.pairs), start=start,
                       source=data.source[torch.randperm(len(data.source), generator=generator)])


def per_byte(found: Tensor, size: Tensor) -> float:
    return (found.sum() / size.sum()).item()


@torch.no_grad()
def preferred(net: nn.Module, data: CausalData) -> float:
    """The share of sentences that are likelier than with a word changed."""
    logs = []
    for i, windows in enumerate((data.right, data.wrong)):
        found = torch.cat([nats(net, Batch(part)) for part in windows.split(512)])
        counted = torch.arange(1, windows.shape[1], device=windows.device) < data.lengths[:, i:i + 1]
        logs.append((found * counted).sum(1))
    return (logs[0] < logs[1]).double().mean().item()
