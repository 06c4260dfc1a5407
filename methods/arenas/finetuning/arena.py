"""How should a pretrained model be tuned on a small target so that it gets good there and keeps what it knew?

A small convolutional network has learnt the letters and digits of about a hundred printed typefaces: first to restore
hidden patches, then to name them. Every method gets it with a few handwritten digits (MNIST, 8 pictures of each) and
may change all of its weights. It is tested on unseen handwriting (target), on digits from another scanner and other
writers that nobody tunes on (shifted), and on the printed letters of typefaces kept aside (source): the letters'
classifier is left as it was, so a fall there is what the features have forgotten.

`few-labels` gives 3 pictures of each digit, `many-labels` 100. In `new-head` the digits' part of the classifier is
forgotten and starts at random. In `self-supervised` the model has only restored patches; letters with labels may be
used on the way. In `cues` most pictures tell their class by a pattern at an edge: printed ones at the top,
handwritten ones at the bottom; in the shifted test the patterns at both edges are drawn at random. In `sentences` the
model is a packaged encoder of sentences (all-MiniLM-L6-v2), its upper two layers open: ten topics of news are named
from the first 10 word pieces of 8 stories a topic, shifted are 10 pieces from the middle of a story, and the source is
the naming of ten other topics.

Everybody gets the same pictures, batches, moves by a pixel, optimiser (AdamW, warm-up and cosine) and the same number
of gradient evaluations, counted in pictures that pass the network with gradients; a step costs at least one batch.
Who trains several models shares the budget among them.

The learning rate decides how much is forgotten long before it shows on the target, so it is neither given nor chosen
by what is forgotten: each method takes the rate with the lowest loss on validation pictures, after a run of full
length. All walk the same grid, half a decade a step from 0.0001 to 0.3: first 0.003 and its neighbours, then on
towards the lower loss until both neighbours of the best are worse. (In `sentences` it begins at 0.0003, and goes down
to 0.00003.) Validation pictures are as many as those to train
on, at most 20 of each digit, and nobody trains on them. Every score is the mean of three restarts at the chosen rate,
which differ in batches and random starts; how far they lie apart is a score of its own. Test labels are never seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.finetuning.stage._data import FinetuningData, finetuning_data, fresh_head
from methods.arenas.finetuning.stage._scores import accuracy, calibration_error
from methods.arenas.finetuning.stage._task import Task
from methods.arenas.finetuning.stage.nets import Net, build
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.seeding import derive, seeded, torch_generator
from methods.kit.stage.sources import DESCRIPTIONS, FONTS, MINILM
from methods.kit.training import logits_of


class FinetuningMethod(Method):
    """The slot. Full fine-tuning is what remains when no hook is filled."""

    def prepare(self, net: Net, task: Task) -> None:
        """Called once before training, everything trainable: freeze, replace parts, set run-time state.

        `task.stage(net)` may be called here or in `after_step`; without a call there is one stage for all.
        """

    def loss(self, net: Net, task: Task) -> Tensor:
        """The scalar loss of the next step."""
        batch = task.draw()
        return F.cross_entropy(net(batch.x), batch.y)

    def after_step(self, net: Net, task: Task) -> None:
        """Called after each step of the optimiser: averages, masks, the next stage or run."""

    def finish(self, net: Net, task: Task) -> nn.Module:
        """The model to test: called with pictures it gives logits (B, 10), and `.source` those of letters."""
        return net


FROM = {"shots": 8, "fresh": False, "cues": False, "self_supervised": False, "sentences": False}
RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)       # half a decade apart


@dataclass(frozen=True)
class Fit:
    """One finished run: the model to test, its trained parameters, and what it took."""

    model: nn.Module
    trained: int
    gradients: float        # batches that passed the network with gradients
    steps: int
    curve: list[dict[str, float]]


class Finetuning(Arena):
    title = "Fine-tuning"
    metrics = (
        Metric("target_accuracy", "Target accuracy", unit="%", chance=10, ceiling=100,
               help="unseen handwritten digits, or beginnings of news, named rightly"),
        Metric("shifted_accuracy", "Accuracy under shift", unit="%", chance=10, ceiling=100,
               help="digits of other writers and another scanner, never tuned on; under cues, with patterns at random; "
                    "middles of news"),
        Metric("source_accuracy", "Source accuracy kept", unit="%", ceiling=100,
               help="printed letters of unseen typefaces, or news of other topics, named by the old classifier on the "
                    "tuned features"),
        Metric("balance", "Balance of target and source", unit="%", ceiling=100,
               help="harmonic mean of target and source accuracy"),
        Metric("restart_spread", "Spread of restarts", "lower", "points", ceiling=0,
               help="standard deviation of target accuracy over restarts on the same pictures"),
        Metric("calibration_error", "Calibration error", "lower", "%", ceiling=0,
               help="expected gap between confidence and accuracy on the target test, 15 bins"),
        Metric("trained", "Trained parameters", "lower", "parameters", help="in the last stage"),
    )
    settings = (
        Setting("default", "print to handwriting, 8 labels a digit", FROM),
        Setting("few-labels", "3 labels a digit", {**FROM, "shots": 3}),
        Setting("many-labels", "100 labels a digit", {**FROM, "shots": 100}),
        Setting("new-head", "the classifier of digits starts at random", {**FROM, "fresh": True}),
        Setting("self-supervised", "the model has only restored patches", {**FROM, "fresh": True,
                                                                           "self_supervised": True}),
        Setting("cues", "misleading patterns at the edges", {**FROM, "shots": 30, "cues": True}),
        Setting("sentences", "a sentence encoder to topics of news, 8 labels a topic",
                {**FROM, "fresh": True, "sentences": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "widths": (8, 16, 24, 24), "unlabelled": 12, "labelled": 100,
                                 "many": 32, "val": 4, "tests": 8, "batch": 16, "steps": 12,
                                 "rates": (3e-3,), "begin": 0, "restarts": 2,
                                 "encoder": {"layers": 1, "length": 6}}),
        "full": Scale(60, 2048, {"small": False, "widths": (16, 32, 64, 64), "unlabelled": 1500, "labelled": 1500,
                                 "many": 128, "val": 20, "tests": 150, "batch": 32, "steps": 200,
                                 "rates": RATES[1:], "begin": 3, "restarts": 3,
                                "encoder": {"layers": 2, "length": 12, "val": 8, "tests": 30, "batch": 16, "steps": 24,
                                            "rates": RATES, "begin": 2}}),
        "gpu": Scale(900, 8192, {"small": False, "widths": (32, 64, 128, 128), "unlabelled": 1500, "labelled": 1500,
                                 "many": 128, "val": 20, "tests": 800, "batch": 32, "steps": 1000,
                                 "rates": RATES[1:], "begin": 3, "restarts": 5,
                                 "encoder": {"layers": 6, "length": 24, "val": 8, "tests": 50, "batch": 32,
                                             "steps": 240, "rates": RATES, "begin": 2}}),
    }
    slot = FinetuningMethod
    baseline = "full-fine-tuning"
    sources = (datasets.MNIST, datasets.DIGITS, *(source for _, source in FONTS), datasets.REUTERS, DESCRIPTIONS,
               MINILM)

    def trial(self, **chosen) -> Trial:
        trial = super().trial(**chosen)
        if trial.options.sentences:
            vars(trial.options).update(trial.options.encoder)
        return trial

    def data(self, trial: Trial) -> FinetuningData:
        return finetuning_data(trial)

    def run(self, method: FinetuningMethod, data: FinetuningData, trial: Trial) -> dict[str, float]:
        o = trial.options
        tried = self._walk(method, data, trial)
        rate, (_, first) = next(iter(tried.items()))
        for point in first.curve:
            trial.record(**point, total=o.steps)
        scores = []
        for restart in range(o.restarts):
            trial.progress((restart + 1) / (o.restarts + 1), f"restart {restart + 1} at learning rate {rate:g}")
            fit = self._fit(method, data, trial, rate, restart) if restart else first
            trial.count(gradients=fit.gradients, steps=fit.steps)
            logits = logits_of(fit.model, data.test[0])
            with torch.no_grad():
                letters = torch.cat([fit.model.source(part) for part in data.source[0].split(1024)])
            scores.append((accuracy(logits, data.test[1]),
                           accuracy(logits_of(fit.model, data.shifted[0]), data.shifted[1]),
                           accuracy(letters, data.source[1]), calibration_error(logits, data.test[1])))
        target, ood, source, calibration = np.mean(scores, 0)
        trial.count(parameters=first.trained, learning_rate=rate, rates_tried=len(tried))
        return {"target_accuracy": target, "shifted_accuracy": ood, "source_accuracy": source,
                "balance": 2 * target * source / max(target + source, 1e-9),
                "restart_spread": float(np.std([row[0] for row in scores], ddof=1)),
                "calibration_error": calibration, "trained": first.trained}

    def _walk(self, method, data, trial) -> dict[float, tuple[float, Fit | None]]:
        """Validation loss and run of each learning rate tried, the lowest loss first.

        A rate at which the training loss does not stay finite has lost; if that is so of all, the error is raised.
        """
        rates, tried = trial.options.rates, {}
        at = trial.options.begin
        while True:
            for rate in rates[max(at - 1, 0):at + 2]:
                if rate not in tried:
                    trial.progress(0.02 * len(tried), f"trying learning rate {rate:g}")
                    tried[rate] = self._try(method, data, trial, rate)
            tried = dict(sorted(tried.items(), key=lambda item: (item[1][0], item[0])))
            if rates.index(next(iter(tried))) == at:
                return tried
            at = rates.index(next(iter(tried)))

    def _try(self, method, data, trial, rate: float) -> tuple[float, Fit | None]:
        try:
            fit = self._fit(method, data, trial, rate, 0)
        except FloatingPointError:
            if rate == min(trial.options.rates):
                raise
            return math.inf, None
        loss = F.cross_entropy(logits_of(fit.model, data.val[0]), data.val[1]).item()
        return loss if math.isfinite(loss) else math.inf, fit

    def _fit(self, method, data, trial, rate: float, restart: int) -> Fit:
        """One run over the budget. Raises FloatingPointError when the loss is no longer finite."""
        o = trial.options
        with seeded(derive(trial.seed, f"restart {restart}"), trial.device):
            net = build(o).to(trial.device)
            net.load_state_dict(data.start)
            if o.fresh and restart:
                head = fresh_head(torch_generator(trial.seed, f"head {restart}"), data.start)
                data = replace(data, start=data.start | head)
                net.load_state_dict(data.start)
            task, passed = Task(data, trial, rate, o.steps, restart), [0]

            def count(module, inputs):
                passed[0] += len(inputs[0]) * torch.is_grad_enabled()

            counter = net.layers[0].register_forward_pre_hook(count)
            net.train()
            net.source_head.requires_grad_(False)       # only read from; not among the trained parameters
            method.prepare(net, task)
            if task.optimizer is None:
                task.stage(net)
            step, every, curve = 0, max(1, o.steps // 20), []
            while task.spent < task.budget:
                task.schedule()
                task.optimizer.zero_grad(set_to_none=True)
                passed[0] = 0
                loss = method.loss(net, task)
                if not torch.isfinite(loss):
                    raise FloatingPointError(
                        f"{method.slug()}: the loss is {loss.item()} at step {step + 1}, learning rate {rate:g}")
                loss.backward()
                nn.utils.clip_grad_norm_(task.trained, 1.0)
                task.optimizer.step()
                task.spent += max(passed[0], o.batch)
                step += 1
                method.after_step(net, task)
                if step % every == 0 or task.spent >= task.budget:
                    curve.append({"step": round(task.spent / o.batch), "loss": loss.item()})
            model = method.finish(net, task).eval()
            counter.remove()
        return Fit(model, sum(p.numel() for p in task.trained), task.spent / o.batch, step, curve)

    def shuffle_labels(self, data: FinetuningData, generator: torch.Generator) -> FinetuningData:
        """Training and validation labels are permuted, and what the classifier knows of the digits is taken out."""
        def mixed(pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            return pair[0], pair[1][torch.randperm(len(pair[1]), generator=generator).to(pair[1].device)]
        start, base = (each | {f"head.{part}": torch.zeros_like(each[f"head.{part}"]) for part in ("weight", "bias")}
                       for each in (data.start, data.base))
        return replace(data, train=mixed(data.train), val=mixed(data.val), start=start, base=base)


