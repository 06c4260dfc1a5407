"""What is won when the weights are many and each piece of text uses few of them?

A language model of one block (width 32, pieces of 64 in windows) reads four fields of text mixed: source code, the
Bible in Portuguese, docstrings, the Bible in Latin. Its feed-forward part may have 1,024 hidden units of which a piece
uses 128; how they are parted into experts, and who says which a piece uses, is the method's. Everyone trains on equally
many windows (120 steps of 16) with AdamW at one rate, 0.01, that of all models of this size that were trained
once and kept; it was not tuned here for any method. Asked are other documents, the same number of windows of each
field; the score is bits per byte after the first 16 pieces of a window, mean of the fields.

In `default` nobody has read before. In `upcycled` there is a dense model that has read novels, an English Bible,
reviews and news (1,500 steps): experts begin as copies of its feed-forward part, so that here an expert has as many
units as all active ones in `default`, and small additions to the frozen model may be trained instead. In `new-field`
there are also copies of the dense model that have each read one field apart; three are known at first, and after half
of the steps the fourth field, with its model, arrives. A field's text may be described by how frequent its pieces are.

The dense model and its copies are trained once and kept, in three worlds dealt to the seeds in turn, so that what
differs between them is seen less often than the seeds suggest. Methods that are told the field of what is asked say so;
the others are not.
"""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.mixture_of_experts.stage._data import FIELDS, Mixed, mixed
from methods.arenas.mixture_of_experts.stage.experts import Choice, Experts, best
from methods.arenas.mixture_of_experts.stage.task import PROMPT, Task, averaged, feeds, nats
from methods.kit.lm_nets import Body
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.lm_starts import blank
from methods.kit.stage.sources import BIBLE, NOVELS


class MixtureMethod(Method):
    """The slot. The default is a mixture of experts with a linear router, without any care for balance."""

    k = 1                    # experts that a piece uses
    told = False             # whether `logits` is given the field of each window

    def build(self, task: Task) -> nn.Module:
        """The model: experts of their own, copies of the dense model's part, or the specialists' parts."""
        net = averaged(task.specialists) if task.specialists else task.net()
        hidden = task.active if task.seed else task.active // self.k
        for at, block in enumerate(net.blocks):
            given = [feeds(each)[at] for each in task.specialists] or [block.feed] * (task.total // hidden)
            layer = Experts(net.width, hidden, len(given), self.gate).to(net.embed.weight.device)
            if task.seed:
                layer.take(given)  # type: ignore[arg-type]  # parts of bodies
            block.feed = layer  # type: ignore[assignment]  # fits in its place
        return net

    def gate(self, layer: Experts, x: Tensor) -> Choice:
        """Of pieces (N, D), with the router's `layer.logits` (N, E): who works on which, and with what weight."""
        return best(layer.logits.softmax(1), self.k)

    def auxiliary(self, layer: Experts) -> Tensor:
        """What a layer adds to the loss, right after a pass."""
        return layer.logits.new_zeros(())

    def loss(self, net: nn.Module, windows: Tensor, fields: Tensor, task: Task) -> Tensor:
        return nats(net(windows[:, :-1].long()), windows).mean() + sum(
            self.auxiliary(feed) for feed in feeds(net) if isinstance(feed, Experts))

    def after_step(self, net: nn.Module, task: Task) -> None:
        """Called after every step."""

    def grow(self, net: nn.Module, specialist: Body, task: Task) -> nn.Module:
        """The last field has arrived, and with it a model that has read it."""
        for i, feed in enumerate(feeds(net)):
            if isinstance(feed, Experts):
                feed.append(feeds(specialist)[i])  # type: ignore[arg-type]  # a body's part
        return net

    def train(self, net: nn.Module, task: Task) -> nn.Module:
        task.train(net, lambda windows, fields: self.loss(net, windows, fields, task),
                   after=lambda: self.after_step(net, task))
        return net

    def logits(self, net: nn.Module, ids: Tensor, fields: Tensor | None, task: Task) -> Tensor:
        """(B, T, V) of asked windows; no row may depend on another, nor on pieces that come later."""
        return net(ids)


class MixtureOfExperts(Arena):
    title = "Mixtures of experts"
    metrics = (
        Metric("bits_per_byte", "Bits per byte", "lower", "bits", help="mean of the four fields"),
        Metric("worst_field", "Worst field", "lower", "bits", help="bits per byte of the field with the most"),
        Metric("last_field", "Last field", "lower", "bits",
               help="bits per byte of the Bible in Latin, which in new-field arrives late"),
        Metric("other_fields", "Other fields", "lower", "bits", help="mean bits per byte of the three others"),
        Metric("load_entropy", "Even load", unit="%", ceiling=100,
               help="entropy of the experts' shares of choices against the highest possible; 100 without experts"),
        Metric("gate_sharpness", "Sharpness of the gate", unit="%", ceiling=100,
               help="100 less the mean entropy of the gate's chances against the highest possible; 0 without experts"),
    )
    settings = (
        Setting("default", "from nothing", {"begins": "blank", "share": 1.0}),
        Setting("upcycled", "from a dense model", {"begins": "seed", "share": 1.0}),
        Setting("new-field", "one field arrives late", {"begins": "specialists", "share": 1.0}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "size": "narrow", "read": 3, "apart": 2, "steps": 4, "rate": 0.01,
                                 "batch": 4, "given": 8, "asked_each": 4, "active": 128, "total": 512}),
        "full": Scale(60, 2048, {"small": False, "size": "narrow", "read": 1500, "apart": 120, "steps": 120,
                                 "rate": 0.01, "batch": 16, "given": 1000, "asked_each": 192, "active": 128,
                                 "total": 1024}),
        "gpu": Scale(900, 16384, {"small": False, "size": "parent", "read": 6000, "apart": 1000, "steps": 3000,
                                  "rate": 0.003, "batch": 64, "given": 20000, "asked_each": 1000, "active": 384,
                                  "total": 3072}),
    }
    slot = MixtureMethod
    baseline = "switch"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> Mixed:
        return mixed(trial)

    def run(self, method: MixtureMethod, data: Mixed, trial: Trial) -> dict[str, float]:
        o = trial.options
        every = round(o.steps * o.share)
        done = 0

        def note(loss: float, windows: int) -> None:
            nonlocal done
            done += 1
            trial.count(windows=windows)
            if done % max(1, every // 20) == 1 or done == every:
                trial.record(done, every, loss=loss)

        shape = blank(o.size, trial.seed).to(trial.device)
        given = [_loaded(shape, weights) for weights in (data.seed, *data.specialists) if weights]
        seed, specialists = (given[0], given[1:]) if given else (None, [])
        late = bool(specialists)
        at = data.fields < len(FIELDS) - 1 if late else data.fields >= 0
        known = len(FIELDS) - late
        task = Task(data.windows[at], data.fields[at], data.vectors[:known], shape, seed, specialists[:known], o.active,
                    o.total, o.rate, o.batch, every // 2 if late else every, trial.generator("order"), note)
        net = method.train(method.build(task), task)
        if late:
            task.stage, task.windows, task.fields, task.vectors = 1, data.windows, data.fields, data.vectors
            net = method.train(method.grow(net, specialists[-1], task), task)
        if done < every:
            raise ValueError(f"{method.slug()} took {done} of {every} steps")
        trial.count(parameters=sum(p.numel() for p in net.parameters() if p.requires_grad))
        return self._asked(method, net, data, task)

    def _asked(self, method: MixtureMethod, net: nn.Module, data: Mixed, task: Task) -> dict[str, float]:
        lost, load, sharp = [], [], []
        for windows, fields in zip(data.test.split(128), data.test_fields.split(128), strict=True):
            with torch.no_grad():
                said = method.logits(net, windows[:, :-1].long(), fields if method.told else None, task)
            lost.append(nats(said, windows)[:, PROMPT:].double().sum(1))
            for layer in (each for each in net.modules() if isinstance(each, Experts)):
                load.append(torch.bincount(layer.index[layer.weights > 0], minlength=layer.many).double())
                sharp.append(1 - entropy(layer.chances) / math.log(max(2, layer.many)))
        bits = torch.cat(lost) / math.log(2)
        size = data.sizes[data.test[:, PROMPT + 1:].long()].sum(1)
        fields = [float(bits[data.test_fields == i].sum() / size[data.test_fields == i].sum())
                  for i in range(len(FIELDS))]
        even = entropy(sum(load)[None]) / math.log(max(2, len(load[0]))) if load else torch.ones(1)  # type: ignore[index]
        return {"bits_per_byte": sum(fields) / len(fields), "worst_field": max(fields), "last_field": fields[-1],
                "other_fields": sum(fields[:-1]) / (len(fields) - 1), "load_entropy": 100 * float(even.mean()),
                "gate_sharpness": 100 * float(torch.cat(sharp).mean()) if sharp else 0.0}

    def shuffle_labels(self, data: Mixed, generator: torch.Generator) -> Mixed:
        """What is read has its pieces in another order within each window."""
        order = torch.rand(data.windows.shape, generator=generator).argsort(1).to(data.windows.device)
        return replace(data, windows=data.windows.gather(1, order))


def entropy(shares: Tensor) -> Tensor:
    """(N,) in nats, of rows that need not sum to one."""
    shares = shares / shares.sum(1, keepdim=True).clamp(min=1e-12)
    return -(shares * shares.clamp(min=1e-12).log()).sum(1)


def _loaded(shape: Body, weights: dict[str, Tensor]) -> Body:
    net = deepcopy(shape)
    net.load_state_dict(weights)
    return net.requires_grad_(False)
