"""Which text, and which units, should a small model of one language or domain be made from?

An encoder of one block of width 48 behind a short convolution begins with random weights and makes 200 steps of 16 rows
of 48 units: it guesses hidden units. A method says which text is read, on which text the 512 units (joined bytes) are
learnt, how words are written, and may set another task. All have as many units, weights and steps unless their paper
is about that; who goes on from a general model gets that model as a present. Then the encoder is frozen. A linear
classifier of its states, learnt from 100 windows of 32 words, is to name the class of each of 9,600 test words at its
last unit; others name a hidden word, and the word that follows.

In `default` the target is English: 1,000 windows, a quarter each of novels, reviews, news and the Bible; the Brown
corpus is asked, which nobody reads. The other languages are Portuguese and Latin, four times as much. In `few-labels`
there are 20 windows with classes. In `domain` science is read and asked, other documents of it; in `code` the standard
library, whose kinds of words are told by rule. The rest is synthetic, since no such text is at hand: in `noisy` reviews
and tests are made posts (users, links, emoji, lost and repeated letters), in `scarce` English is respelled by rules and
lots as a dialect without spelling, 400 windows of it, and in `unsegmented` words follow each other without a sign
where one begins, and a blank stands where there was punctuation.

AdamW at 0.01 for all, up over 5 % of the steps, then down by a cosine to a tenth; at 0.02 one of three runs collapsed.
Steps and sizes were chosen on a seed that is never scored, so that text makes a difference to random weights; nothing
was searched for a method. Random labels for the probe give 3.1 bits. A wider model gives the probe more numbers. Much
of what a probe finds is in the convolution and the units before anything is learnt, so gains are tenths of a bit.
Hidden words among 64 frequent ones and the next word differ little between texts: most claims are on word classes.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.pretraining_corpora.stage._asked import answers
from methods.arenas.pretraining_corpora.stage._data import CorporaData, corpora_data
from methods.arenas.pretraining_corpora.stage.task import Task, guessed
from methods.kit.lm_nets import Body, groups
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.corpora_units import Units
from methods.kit.stage.data import BROWN, MOVIE_REVIEWS, REUTERS, STDLIB
from methods.kit.stage.sources import BIBLE, NOVELS

ENGLISH, FOREIGN = ("fiction", "reviews", "news", "bible-en"), ("bible-pt", "bible-la")


class PretrainingCorporaMethod(Method):
    """The slot: everything has a default, which together is a model of the target's text with its own units."""

    phases = ((("target",), 1.0),)      # what is read together, and for which share of the arena's steps
    units_of = ()                       # shelves that units are learnt on; unless named, those read first
    pieces = 512
    width = 1.0
    causal = False
    long = 1                            # rows so many times as long, and as many fewer of them
    amount = 1.0                        # of what is on the shelves
    sees_labels = False                 # an upper bound, not a contestant

    def normalise(self, word: str) -> str:
        """How a word is written before it is cut; at tests as well."""
        return word

    def prepare(self, task: Task) -> Body:
        return task.blank(task.units.pieces, self.width, self.causal)

    def turn(self, net: Body, task: Task) -> tuple[Body, Units]:
        """Before every further phase."""
        return net, task.units

    def loss(self, net: Body, task: Task) -> Tensor:
        """Unless it is another: hidden units, each chosen for itself at 15 %."""
        ids, of = task.draw()
        chosen = task.single(of, 0.15)
        return guessed(net, net.states(task.damaged(ids, chosen))[-1], ids, chosen)

    def states(self, net: Body, ids: Tensor) -> list[Tensor]:
        """(B, T, D) of every block."""
        return net.states(ids)


def schedule(progress: float, steps: int) -> float:
    """Up in a straight line over 5 % of the steps, then by a cosine to a tenth."""
    return min(1.0, (progress * steps + 1) / (0.05 * steps)) * (0.1 + 0.45 * (1 + math.cos(math.pi * progress)))


LANGUAGE = {
    "target": ENGLISH, "general": FOREIGN, "multi": (*ENGLISH, *FOREIGN), "asked": "brown", "writing": "plain",
    "others_writing": "plain", "many": 1000, "others": 4, "labelled": 100}


class PretrainingCorpora(Arena):
    title = "Pretraining corpora"
    metrics = (
        Metric("probe_bits", "Class", "lower", "bits", chance=3.1, ceiling=0, chance_in={"code": 2.6},
               help="of a word's class, by a linear classifier of frozen states"),
        Metric("probe_error", "Class errors", "lower", "%", help="words whose class the probe names wrongly"),
        Metric("cloze_bits", "Hidden word", "lower", "bits", ceiling=0,
               help="of a hidden word, one of 64 frequent ones or another, by a linear classifier"),
        Metric("next_bits", "Next word", "lower", "bits", ceiling=0,
               help="of the word after the last one seen, likewise"),
        Metric("unit_length", "Length of units", unit="bytes", help="of the test text"),
    )
    settings = (
        Setting("default", "one language among others"),
        Setting("few-labels", "hardly any labels", {"labelled": 20}),
        Setting("domain", "science", {
            "target": ("science",), "general": ("fiction", "reviews", "news", "docs"),
            "multi": ("fiction", "reviews", "news", "docs", "science"), "asked": "science", "many": 3000, "others": 1}),
        Setting("code", "source code", {
            "target": ("code",), "general": ("fiction", "reviews", "news", "bible-en"),
            "multi": ("fiction", "reviews", "news", "bible-en", "code"), "asked": "code", "many": 3000, "others": 1}),
        Setting("noisy", "posts", {"writing": "post", "target": ("reviews",), "general": ("news", "fiction"),
                                   "multi": ("news", "fiction", *FOREIGN), "many": 4000}),
        Setting("scarce", "a dialect with little text", {
            "writing": "dialect", "target": ENGLISH, "general": ENGLISH, "multi": (*ENGLISH, *FOREIGN), "many": 400,
            "others": 20}),
        Setting("unsegmented", "text without blanks inside clauses", {
            "writing": "unsegmented", "others_writing": "unsegmented"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {**LANGUAGE, "small": True, "width": 16, "blocks": 1, "length": 24, "steps": 4,
                                 "batch": 4, "rate": 1e-2, "decay": 0.05, "told": 30, "tests": 24, "gaps": 100}),
        "full": Scale(60, 2048, {**LANGUAGE, "small": False, "width": 48, "blocks": 1, "length": 48, "steps": 200,
                                 "batch": 16, "rate": 1e-2, "decay": 0.05, "told": 1000, "tests": 300, "gaps": 1200}),
        "gpu": Scale(600, 8192, {**LANGUAGE, "small": False, "width": 192, "blocks": 4, "length": 128, "steps": 3000,
                                 "batch": 64, "rate": 2e-3, "decay": 0.05, "told": 1000, "tests": 4000,
                                 "gaps": 10_000}),
    }
    slot = PretrainingCorporaMethod
    baseline = "gottbert"
    sources = (BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS, BROWN, STDLIB)

    def data(self, trial: Trial) -> CorporaData:
        return corpora_data(trial)

    def run(self, method: PretrainingCorporaMethod, data: CorporaData, trial: Trial) -> dict[str, float]:
        task = Task(data, trial, method.long, method.amount)
        if method.sees_labels:
            task.told = data.told, data.told_labels
        units = task.learn_units(task.text(method.units_of or method.phases[0][0]), method)
        task.open(method.phases[0][0], units)
        net = method.prepare(task)
        for task.phase, (names, share) in enumerate(method.phases):
            if task.phase:
                net, units = method.turn(net, task)
                task.open(names, units)
            self._train(method, net, task, share, trial)
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        with torch.no_grad():
            return answers(method, net.eval(), task, data)

    def _train(self, method, net: Body, task: Task, share: float, trial: Trial) -> None:
        o = trial.options
        everything, steps = nn.ModuleList([net, task.parts]), round(o.steps * share)
        optimizer = torch.optim.AdamW(groups(everything, o.decay), o.rate, betas=(0.9, 0.98))
        task.steps = steps
        for step in range(steps):
            task.step = step
            for group in optimizer.param_groups:
                group["lr"] = o.rate * schedule(step / steps, steps)
            value = method.loss(net, task)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(everything.parameters(), 1.0)
            optimizer.step()
            trial.count(units=task.length * task.size)
            if step % max(1, steps // 20) == 0 or step == steps - 1:
                trial.record(step + 1, steps, loss=value.item())

    def shuffle_labels(self, data: CorporaData, generator: torch.Generator) -> CorporaData:
        """Classes that the probe and the upper bound learn from change places."""
        def dealt(values: Tensor) -> Tensor:
            return values.flatten()[torch.randperm(values.numel(), generator=generator)].view_as(values)

        return replace(data, labels=dealt(data.labels), told_labels=dealt(data.told_labels))
