"""What should an encoder read and hide before it meets few labels?

Two blocks of width 48 have guessed hidden words of the Bible in English for 900 steps, and know 1,000 words of it and
ends of others. The domain is the Brown corpus, whose words they mostly do not know. A method has 120 steps of 16
windows of 32 words to adapt the encoder; then it is frozen, and a linear classifier of the states of both blocks is
learnt from few labels.

In `default` 40 windows of learned prose have the classes of their words, and 19,200 other words are asked; the domain
are 3,000 windows of all genres, the task's own text 200 windows of learned prose with the labelled ones among them. In
`new-language` every word of Brown has another's number and neighbours change places: an invented language. In
`passages` five kinds of passages are told apart, 24 of each with labels, by their first 64 words of 384. In `code` the
first words of functions' names are told, 24 functions of each; that start has read code, and only some 200 are asked.

Rates are ours; the classifier's penalty was settled for windows after a look at one seed that is never scored, and
so was that the encoder is frozen, since tuning it whole made all too sure of themselves. Starts are trained once and
kept, three of them, dealt to the seeds in turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.masked_adaptation.stage._data import CLASSES_OF, PIECE, AdaptationData, adaptation_data
from methods.arenas.masked_adaptation.stage._text import BIBLE, BROWN, STDLIB
from methods.arenas.masked_adaptation.stage.task import Task, WordNet, guessed
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.word_models import schedule


class MaskedAdaptationMethod(Method):
    """The slot: which text is read, what is hidden, what is learnt from it, and how few labels are used."""

    reads = "plain"             # "extended": with words that the start lacks; "whole": passages uncut; "trees" of code
    sees_labels = False         # an upper bound, not a contestant
    adapts = True               # whether there are steps before the labels
    share = 0.15                # of the words that are to be guessed

    def prepare(self, task: Task) -> WordNet:
        """The encoder to be trained. What helps it to learn is made known by task.add(name, module)."""
        return task.start()

    def draw(self, task: Task) -> Tensor:
        """Windows (B, T) to read now."""
        return task.draw()

    def hide(self, ids: Tensor, task: Task) -> Tensor:
        """(B, T) which words are to be guessed."""
        return task.choose(ids, self.share)

    def loss(self, net: WordNet, task: Task) -> Tensor:
        ids = self.draw(task)
        chosen = self.hide(ids, task)
        return guessed(net, net.read(task.damaged(ids, chosen)).last, ids, chosen)

    def after_step(self, net: WordNet, task: Task) -> None:
        pass

    def tune(self, net: WordNet, task: Task) -> Callable[[Tensor], Tensor]:
        """What is asked: windows to logits of classes."""
        return task.tune(net)


class MaskedAdaptation(Arena):
    title = "Adapting an encoder before few labels"
    metrics = (
        Metric("log_loss", "Log loss", "lower", "bits", chance=3.15, ceiling=0, help="of a test item's class",
               chance_in={"passages": 2.32, "code": 3.0}),
        Metric("error", "Errors", "lower", "%", ceiling=0, help="test items whose class is named wrongly"),
    )
    settings = (
        Setting("default", "classes of words in learned prose", {"kind": "words"}),
        Setting("new-language", "the same in a language that the start has not read", {"kind": "language"}),
        Setting("passages", "kinds of passages", {"kind": "passages"}),
        Setting("code", "names of functions", {"kind": "code"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "width": 16, "read": 3, "steps": 4, "batch": 4, "rate": 4e-3,
                                 "decay": 0.01, "penalty": 5e-3, "tune_rate": 2e-3, "labelled": 8, "shots": 2,
                                 "own": 16, "domain": 40, "told": 20, "tests": 12, "related": 8, "parts": 4}),
        "full": Scale(60, 2048, {"small": False, "width": 48, "read": 900, "steps": 120, "batch": 16, "rate": 4e-3,
                                 "decay": 0.01, "penalty": 5e-3, "tune_rate": 2e-3, "labelled": 40, "shots": 24,
                                 "own": 200, "domain": 3000, "told": 2000, "tests": 600, "related": 200, "parts": 6}),
        "gpu": Scale(900, 8192, {"small": False, "width": 192, "read": 900, "steps": 2000, "batch": 64, "rate": 2e-3,
                                 "decay": 0.01, "penalty": 5e-3, "tune_rate": 1e-3, "labelled": 40, "shots": 24,
                                 "own": 200, "domain": 9000, "told": 4000, "tests": 2000, "related": 200, "parts": 6}),
    }
    slot = MaskedAdaptationMethod
    baseline = "dapt"
    sources = (BROWN, BIBLE, STDLIB)

    def data(self, trial: Trial) -> AdaptationData:
        return adaptation_data(trial)

    def run(self, method: MaskedAdaptationMethod, data: AdaptationData, trial: Trial) -> dict[str, float]:
        data, o = seen(data, method.reads, trial.options.kind), trial.options
        labels = {"labelled": data.labelled, "classes": data.classes}
        if method.sees_labels:
            labels |= {"told": data.told, "told_classes": data.told_classes}
        texts = {"domain": data.domain, "own": data.own, "general": data.general, "elsewhere": data.elsewhere}
        facts = {"documents": data.documents, "genres": data.genres, "counts": data.kinds, "known": data.known,
                 "fold": data.fold}
        for name, value in data.more.items():
            (facts if name.endswith(("classes", "marks")) else texts)[name] = value
        task = Task(texts, labels, facts, data.start, trial, CLASSES_OF[o.kind])
        net = self._adapt(method, method.prepare(task), task, trial)
        classify = method.tune(net, task)
        with torch.no_grad():
            said = torch.cat([classify(part) for part in data.test.split(200)]).flatten(0, -2)
        truth = data.test_classes.flatten()
        if said.shape != (len(truth), task.kinds) or not torch.isfinite(said).all():
            raise ValueError(f"{method.slug()}: finite logits of {task.kinds} classes are wanted for every item")
        return {"log_loss": F.cross_entropy(said, truth).item() / math.log(2),
                "error": 100 * (said.argmax(1) != truth).double().mean().item()}

    def _adapt(self, method, net: WordNet, task: Task, trial: Trial) -> WordNet:
        o, everything = trial.options, nn.ModuleList([net, task.parts])
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        if not method.adapts:
            trial.record(1, 1, loss=0.0)
            return net
        optimizer = torch.optim.AdamW(everything.parameters(), o.rate, betas=(0.9, 0.98), weight_decay=o.decay)
        for step in range(task.steps):
            task.step = step
            optimizer.param_groups[0]["lr"] = o.rate * schedule(step, task.steps)
            value = method.loss(net, task)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(everything.parameters(), 1.0)
            optimizer.step()
            method.after_step(net, task)
            if step % max(1, task.steps // 20) == 0 or step == task.steps - 1:
                trial.record(step + 1, task.steps, loss=value.item())
        return net

    def shuffle_labels(self, data: AdaptationData, generator: torch.Generator) -> AdaptationData:
        """Classes that are learnt from change places."""
        def dealt(values: Tensor) -> Tensor:
            return values.flatten()[torch.randperm(values.numel(), generator=generator)].view_as(values)

        more = {name: dealt(value) if name.endswith("classes") else value for name, value in data.more.items()}
        return replace(data, classes=dealt(data.classes), told_classes=dealt(data.told_classes), more=more)


def seen(data: AdaptationData, reads: str, kind: str) -> AdaptationData:
    """The data as a method reads them."""
    if kind == "code":
        marks = {"marks": data.more["marks"]}
        trees = {name: value for name, value in data.more.items() if name != "marks"} if reads == "trees" else {}
        return replace(data, **trees, more=marks)
    names = ("domain", "own", "general", "elsewhere", "labelled", "told", "test")
    found = {name: getattr(data, name) for name in names}
    if reads != "extended":
        found = {name: data.fold[ids] for name, ids in found.items()}
    if kind == "passages" and reads != "whole":
        found = {name: ids[:, :PIECE] if name in ("labelled", "told", "test") else
                 ids.reshape(-1, PIECE) if ids.shape[1] % PIECE == 0 else ids for name, ids in found.items()}
        times = len(found["domain"]) // len(data.domain)
        return replace(data, **found, documents=data.documents.repeat_interleave(times),
                       genres=data.genres.repeat_interleave(times))
    return replace(data, **found)
