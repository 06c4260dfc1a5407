"""The stream of class-incremental learning: its pictures, its sessions, and what a method sees while one lasts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.class_incremental.stage._pretraining import (
    CAPTIONS,
    as_input,
    pictures,
    pretrained,
    roles,
    shifted,
    sizes_of,
)
from methods.arenas.class_incremental.stage.nets import Memory, Net, spelled
from methods.kit.stage.arena import Trial
from methods.kit.training import minibatches


@dataclass(frozen=True)
class StreamData:
    """Training pictures (N, 1, H, W), class by class, with labels (N,) 0..C-1; `order` (C,) of the classes in time;
    `chance` (N,) in 0..1 for the blurry stream; names as `spelled` (C, W)."""

    state: dict[str, np.ndarray]
    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor
    order: Tensor
    chance: Tensor
    words: Tensor


Arrange = Callable[[Net, Tensor, Tensor, Tensor, int], Tensor]


def load_stream(trial: Trial) -> StreamData:
    """The pictures of the trial's seed. With the option `validation` those of CAPTIONS, which no other run trains on or
    is tested on, stand in for the test pictures."""
    o, rng = trial.options, trial.numpy("split")
    if o.validation and o.backbone == "captions":
        raise ValueError("the network of captions was pretrained on the validation pictures")
    images, labels, names = pictures(o.source, trial.progress)
    classes = roles(len(names))[-o.classes:]
    rows = {"train": [], "test": []}
    for c in classes:
        of_class = np.flatnonzero(labels == c)
        shuffled = rng.permutation(of_class[CAPTIONS:])
        rows["test"].append(of_class[:CAPTIONS] if o.validation else shuffled[:o.tests])
        rows["train"].append(shuffled[o.tests:][:o.train])
    x, test_x = (as_input(images[np.concatenate(rows[part])]) for part in ("train", "test"))
    test_y = torch.arange(o.classes).repeat_interleave(len(rows["test"][0]))
    to = trial.device
    return StreamData(
        pretrained(sizes_of(o), trial.progress), x.to(to),
        torch.arange(o.classes).repeat_interleave(o.train).to(to), test_x.to(to), test_y.to(to),
        torch.from_numpy(rng.permutation(o.classes)), torch.from_numpy(rng.random((3, o.classes * o.train))).float(),
        spelled([names[c] for c in classes]).to(to))


class Session:
    """What a method sees while one session lasts."""

    def __init__(self, number: int, x: Tensor, y: Tensor, unlabelled: Tensor, old: Tensor, steps: int, stream: Stream):
        o = stream.trial.options
        self.number, self.x, self.y, self.unlabelled = number, x, y, unlabelled
        self.classes = y.unique()                                        # (K,) classes of this session's labels
        self.old = old                                                   # classes of earlier sessions
        self.seen = torch.cat([old, self.classes]).unique()
        self.new = self.classes[~torch.isin(self.classes, old)]
        self.sessions, self.total = stream.sessions, stream.total        # how many sessions and classes in all
        self.memory, self.names, self.online = stream.memory, stream.names, o.blurry
        self.competing = self.seen if len(self.memory) else self.classes  # those whose pictures a batch may hold
        self.batch_size, self.rate, self.head_rate = o.batch, o.rate, o.head_rate
        self.part_rate = o.part_rate                                     # of adapters and low-rank changes
        self.steps, self.spent, self.budget = steps, 0, steps * o.batch
        self._views = stream.trial.generator(f"views {number}")
        self._epochs: dict[int, Iterator[Tensor]] = {}
        self._order = stream.trial.generator(f"batches {number}")
        self._others = minibatches(max(len(unlabelled), 1), o.batch, 10**9, stream.trial.generator(f"others {number}"))
        self.optimizer: torch.optim.Optimizer | None = None
        self.trained: set[nn.Parameter] = set()                          # all that an optimiser of this session held
        self._began, self._ends, self._shift = 0.0, 1.0, o.shift

    @property
    def progress(self) -> float:
        """Share of the session's gradient budget that is spent, 0 to 1."""
        return min(self.spent / self.budget, 1.0)

    def draw(self, size: int = 0) -> tuple[Tensor, Tensor]:
        """The next batch, or `size` pictures, in random views: shuffled epochs, or what just arrived when online."""
        size = min(size or self.batch_size, len(self.x))
        if self.online:
            at = (int(self.progress * len(self.x)) + torch.arange(size)).clamp(max=len(self.x) - 1)
        else:
            if size not in self._epochs:
                self._epochs[size] = minibatches(len(self.x), size, 10**9, self._order)
            at = next(self._epochs[size])
        at = at.to(self.y.device)
        return self.view(self.x[at]), self.y[at]

    def draw_unlabelled(self) -> Tensor:
        """A batch of pictures without labels, as they are; there must be some."""
        return self.unlabelled[next(self._others).to(self.y.device)]

    def view(self, x: Tensor) -> Tensor:
        """A randomly shifted view of x, (B, 1, H, W)."""
        return shifted(x, self._shift, self._views)

    def strong_view(self, x: Tensor) -> Tensor:
        """A shifted view with a square of half the side blanked out."""
        x = self.view(x).clone()
        side = x.shape[-1]
        corners = torch.randint(0, side - side // 2 + 1, (len(x), 2), generator=self._views)
        span = torch.arange(side)
        inside = (span >= corners[:, :, None]) & (span < corners[:, :, None] + side // 2)      # (B, 2, side)
        hole = (inside[:, 0, :, None] & inside[:, 1, None, :])[:, None].to(x.device)
        return x.masked_fill(hole, float(x.min()))

    def optimise(self, *groups: tuple[Iterable[nn.Parameter], float], ends: float = 1.0) -> None:
        """Train these parameters, each group at its rate, on a schedule from here to `ends` of the budget."""
        self._began, self._ends = self.progress, ends
        wanted = [{"params": [p.requires_grad_(True) for p in params], "base": rate} for params, rate in groups]
        self.trained.update(p for group in wanted for p in group["params"])
        self.optimizer = torch.optim.AdamW([g for g in wanted if g["params"]], weight_decay=0.01, fused=True)

    def schedule(self) -> None:
        done = min((self.progress - self._began) / max(self._ends - self._began, 1e-9), 1.0)
        share = 1.0 if self.online else min(1.0, (done + 0.02) / 0.1) * 0.5 * (1 + math.cos(math.pi * done))
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * share


class Stream:
    """The sessions of one run, in turn."""

    def __init__(self, arrange: Arrange, net: Net, data: StreamData, trial: Trial):
        o = trial.options
        self.trial, self.data, self.total = trial, data, o.classes
        self.memory = Memory(o.buffer, data.x)
        with torch.no_grad():
            self.names = F.normalize(net.text(data.words), dim=1)                          # (C, D)
            order = arrange(net, data.x, data.y, data.order, o.step)
        if not torch.equal(order.sort().values.cpu(), torch.arange(o.classes)):
            raise ValueError("arrange() must give every class once")
        base = round(o.base * o.classes) or o.step
        place = torch.empty(o.classes, dtype=torch.long)
        place[order] = (1 + (torch.arange(o.classes) - base).div(o.step, rounding_mode="floor")).clamp(min=0)
        self.sessions = int(place.max()) + 1
        self.arrival = place[data.y.cpu()]                                                # (N,) session of a picture
        which = torch.arange(len(data.y)) % o.train                                       # (N,) number in its class
        if o.blurry:
            self.arrival = blurred(self.arrival, data, self.sessions)
        elif o.shots:
            self.arrival[(self.arrival > 0) & (which >= o.shots)] = -1
        self.labelled = which < (o.labels or o.train)

    def __iter__(self):
        o, data = self.trial.options, self.data
        old = data.y.new_zeros(0)
        for number in range(self.sessions):
            here = self.arrival == number
            rows, others = (torch.nonzero(here & kind)[:, 0] for kind in (self.labelled, ~self.labelled))
            rows = rows[torch.randperm(len(rows), generator=self.trial.generator(f"arrival {number}"))]
            rows, others = rows.to(data.y.device), others.to(data.y.device)
            steps = math.ceil(2 * len(rows) / o.batch) if o.blurry else o.steps * (3 if o.base and not number else 1)
            session = Session(number, data.x[rows], data.y[rows], data.x[others], old, steps, self)
            yield session
            old = session.seen


def blurred(arrival: Tensor, data: StreamData, sessions: int) -> Tensor:
    """Si-Blurry: half of the classes keep their session; a tenth to a half of the others' pictures go anywhere."""
    classes = len(data.order)
    blurry = torch.isin(data.y.cpu(), data.order[torch.arange(classes) % 2 == 1])
    share, move, where = data.chance                                                      # (N,) each
    moved = blurry & (move < 0.1 + 0.4 * share[0])
    return torch.where(moved, (where * sessions).long(), arrival)
