"""What can be done with text longer than the model was trained on?

A small language model (one block, width 32, two heads, rotary positions) has learnt from windows of 64 pieces of
novels, a Bible, reviews and news, and is to read texts of 512 pieces of one document each, from documents it has not
seen. Asked is the second half of every text, in bits per byte, mean over the four sources. A method says how queries
and keys, not yet turned by their positions, become attention; nothing is trained.

In `cost` the model has also read long texts (240 steps, rotary base 500,000), so that plain attention is right, and
what counts is how few query-key pairs do as well. In `trained` a method reads 40 batches of four long texts itself,
with that base, and says from which documents they are made; one that does not train is asked as it is.

Starts are trained once and kept, three of them, dealt to the seeds in turn, so that what differs between starts is seen
less often than the seeds suggest. A needle is 16 pieces of a text's first half that come again at its end; a model of
one block does not copy, and no method finds needles here: all say them at some five bits a piece.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.long_context.stage._checks import never_looks_ahead
from methods.arenas.long_context.stage._data import NEEDLE, Texts, texts
from methods.arenas.long_context.stage.mixing import Mix
from methods.arenas.long_context.stage.reading import Scene, causal, places, turned
from methods.kit.lm_nets import Body, nats
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.lm_long import BASE, SLOW, opened, train
from methods.kit.stage.lm_starts import blank
from methods.kit.stage.lm_text import LENGTH
from methods.kit.stage.sources import BIBLE, NOVELS


class LongContextMethod(Method):
    """The slot: `attend`, or for methods that train `batch`; everything has a default."""

    trains = False           # reads long texts where the setting allows it
    is_long = False          # begins with the model that has read long texts: an upper bound

    def attend(self, q: Tensor, k: Tensor, v: Tensor, scene: Scene) -> Tensor:
        """(B, heads, T, d), not yet turned -> (B, heads, T, d)."""
        return causal(turned(q, places(q), scene.base), turned(k, places(k), scene.base), v, scene)

    def batch(self, mix: Mix, many: int) -> Tensor:
        """(many, 65 * windows) texts to read: by default documents as they come, every source at its share."""
        return torch.stack([mix.text(at, torch.ones(len(mix.documents[at]))) for at in mix.drawn(mix.shares, many)])


class LongContext(Arena):
    title = "Long context"
    metrics = (
        Metric("tail_bpb", "Second half", "lower", "bits", help="bits per byte of the second half, mean over sources"),
        Metric("short_bpb", "First pieces", "lower", "bits", help="bits per byte of the first 64 pieces"),
        Metric("worst_bpb", "Worst source", "lower", "bits", help="the second half, of the source it is worst for"),
        Metric("needle_bits", "Needle", "lower", "bits", help="a piece of what was in the first half and comes again"),
        Metric("pairs", "Pairs", "lower", help="query-key products a piece and head"),
    )
    settings = (
        Setting("default", "eight times the training length", {"long": False, "may_train": False}),
        Setting("cost", "a model that knows long texts", {"long": True, "may_train": False}),
        Setting("trained", "after forty batches of long texts", {"long": False, "may_train": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "size": "narrow", "read": 3, "windows": 20, "length": 128, "asked": 2,
                                 "steps": 2, "batch": 2, "rate": 3e-3}),
        "full": Scale(60, 2048, {"small": False, "size": "narrow", "read": 1500, "windows": 8, "length": 512,
                                 "asked": 48, "steps": 40, "batch": 4, "rate": 3e-3}),
        "gpu": Scale(900, 8192, {"small": False, "size": "parent", "read": 6000, "windows": 8, "length": 512,
                                 "asked": 200, "steps": 1000, "batch": 32, "rate": 1e-3}),
    }
    slot = LongContextMethod
    baseline = "vanilla"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)
    checks = (never_looks_ahead,)

    def data(self, trial: Trial) -> Texts:
        return texts(trial)

    def run(self, method: LongContextMethod, data: Texts, trial: Trial) -> dict[str, float]:
        o = trial.options
        long, trains = o.long or method.is_long, o.may_train and method.trains
        scene = Scene(LENGTH, SLOW if long or trains else BASE, trial.generator("method"))
        net = blank(o.size, trial.seed).to(trial.device)
        net.load_state_dict(data.long if long else data.short)
        net = opened(net, lambda q, k, v: method.attend(q, k, v, scene))
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        if trains:
            mix = Mix(data.read, o.windows, trial.generator("mix"))
            train(net, lambda _: method.batch(mix, o.batch)[:, :o.length + 1].long().to(trial.device), o.steps, o.rate,
                  lambda step, loss: trial.record(step, o.steps, loss=loss))
        return self._asked(net, data, scene, trial)

    @torch.no_grad()
    def _asked(self, net: Body, data: Texts, scene: Scene, trial: Trial) -> dict[str, float]:
        scene.pairs, scene.units = 0.0, 0
        tails, firsts = [], []
        for at, test in enumerate(data.tests):
            lost = torch.cat([nats(net, part) for part in test.split(16)])
            half = lost.shape[1] // 2
            tails.append(_bits(lost[:, half:], data.sizes[test[:, half + 1:]]))
            firsts.append(_bits(lost[:, :LENGTH], data.sizes[test[:, 1:LENGTH + 1]]))
            trial.record(at + 1, len(data.tests), bits=tails[-1])
        trial.count(pieces=float(sum(test.numel() for test in data.tests)))
        pairs = scene.pairs / max(1, scene.units)
        found = torch.cat([nats(net, part)[:, -NEEDLE + 1:] for part in data.needles.split(16)])
        return {"tail_bpb": sum(tails) / len(tails), "short_bpb": sum(firsts) / len(firsts), "worst_bpb": max(tails),
                "needle_bits": found.mean().item() / math.log(2), "pairs": pairs}

    def shuffle_labels(self, data: Texts, generator: torch.Generator) -> Texts:
        """The model has learnt nothing: its weights are mixed."""
        def mixed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
            return {name: value.flatten()[torch.randperm(value.numel(), generator=generator).to(value.device)]
                    .view_as(value) for name, value in weights.items()}

        return replace(data, short=mixed(data.short), long=mixed(data.long))


def _bits(lost: Tensor, sizes: Tensor) -> float:
    return lost.double().sum().item() / math.log(2) / float(sizes.sum())
