"""Learning from classes of very unequal frequency: who serves the rare classes without losing the common ones?

Ten kinds of clothing (Fashion-MNIST) are thinned to an exponential profile: 500 pictures of the most frequent
class, 5 of the rarest, with the classes dealt to the places of the profile anew for every seed. A small
convolutional network is trained on that and tested on equally many unseen pictures of every class, so that the
primary score, balanced accuracy, weighs all classes alike. The four most frequent classes are the head, the next
three medium, the three rarest the tail.

Everybody gets the same pictures, network, initial weights, random shifts and flips, optimiser (SGD with Nesterov
momentum, cosine schedule, gradients clipped at length 5) and the same budget of gradient evaluations. The arena
counts every picture passed through the network with gradients on, so a method that looks twice at a batch makes
half as many steps. A step costs at least one batch even when it trains only the classifier.

A method may read the training set, its class counts and a small balanced validation set on which it must not
train. Under `noisy-labels` a share of the training labels is wrong, drawn in proportion to the class
frequencies; under `partial-labels` each training picture carries a set of candidate labels, the likeliest
confusions of a weak model, and `y` is one of them at random.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.training import count_parameters, logits_of, minibatches

LONGEST = 5.0    # gradients longer than this are shortened, so that steep losses cannot blow up a run
GROUPS = {"head": slice(0, 4), "medium": slice(4, 7), "tail": slice(7, 10)}


@dataclass
class LongTailData:
    """Pictures (N, 1, H, W) normalised; labels (N,); candidates (N, C) bool; `order` = classes, most frequent first."""

    x: Tensor
    y: Tensor
    candidates: Tensor
    val_x: Tensor
    val_y: Tensor
    test_x: Tensor
    test_y: Tensor
    order: Tensor


@dataclass(frozen=True)
class Batch:
    x: Tensor        # (B, 1, H, W) shifted and flipped
    y: Tensor        # (B,)
    index: Tensor    # (B,) rows of task.x


class Net(nn.Module):
    """Two strided convolutions and a layer of `features` units; a method may replace `classifier`."""

    def __init__(self, side: int, width: int, features: int, classes: int):
        super().__init__()
        out = (side + 3) // 4
        self.backbone = nn.Sequential(
            nn.Conv2d(1, width, 5, 2, 2), nn.ReLU(), nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(2 * width * out * out, features), nn.ReLU())
        self.classifier: nn.Module = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.backbone(x))


class Task:
    """What a method sees of the experiment: training set, validation set, progress, batches and stages."""

    def __init__(self, data: LongTailData, trial: Trial, classes: int):
        options = trial.options
        self.x, self.y, self.candidates = data.x, data.y, data.candidates
        self.val_x, self.val_y = data.val_x, data.val_y
        self.classes, self.features = classes, options.features
        self.counts = torch.bincount(data.y, minlength=classes).clamp(min=1).float()    # (C,)
        self.batch_size, self.spent, self.budget = options.batch, 0, options.steps * options.batch
        self.rate, self._shift, self._flip = options.rate, options.shift, options.flip
        self._views, self._weighted = trial.generator("views"), trial.generator("weighted batches")
        self._epochs = minibatches(len(data.y), options.batch, options.steps, trial.generator("batches"))
        self._entered: set[float] = set()
        self.optimizer: torch.optim.Optimizer | None = None

    @property
    def progress(self) -> float:
        """Share of the gradient budget that is spent, 0 to 1."""
        return min(self.spent / self.budget, 1.0)

    def draw(self, class_weights: Tensor | None = None) -> Batch:
        """The next batch: shuffled epochs, or with replacement so that class c has probability ~ class_weights[c]."""
        if class_weights is None:
            return self.batch(next(self._epochs).to(self.y.device))
        each = (class_weights / self.counts)[self.y].cpu()
        index = torch.multinomial(each, self.batch_size, replacement=True, generator=self._weighted)
        return self.batch(index.to(self.y.device))

    def batch(self, index: Tensor) -> Batch:
        """The training pictures of the given rows, (B,), each in a fresh random view."""
        return Batch(self.augment(self.x[index]), self.y[index], index)

    def enters(self, share: float) -> bool:
        """True once, at the first step that begins with `share` of the budget spent."""
        if self.progress < share or share in self._entered:
            return False
        self._entered.add(share)
        return True

    def distort(self, x: Tensor) -> Tensor:
        """A stronger view for contrastive learning: a random window of 60 to 100 % of the side, and contrast."""
        n = len(x)
        zoom, contrast, across, down = torch.rand(4, n, generator=self._views).to(x.device)
        zoom = 0.6 + 0.4 * zoom
        theta = x.new_zeros(n, 2, 3)
        theta[:, 0, 0] = theta[:, 1, 1] = zoom
        theta[:, 0, 2], theta[:, 1, 2] = (1 - zoom) * (2 * across - 1), (1 - zoom) * (2 * down - 1)
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        seen = F.grid_sample(self.augment(x), grid, padding_mode="border", align_corners=False)
        return seen * (0.7 + 0.6 * contrast)[:, None, None, None]

    def augment(self, x: Tensor) -> Tensor:
        """A randomly shifted (and, for clothing, mirrored) view of x, (B, 1, H, W)."""
        n, side, shift = len(x), x.shape[-1], self._shift
        corner = torch.randint(0, 2 * shift + 1, (2, n, 1), generator=self._views)
        rows, columns = corner + torch.arange(side)
        if self._flip:
            mirrored = torch.rand(n, 1, generator=self._views) < 0.5
            columns = torch.where(mirrored, columns.flip(1), columns)
        rows, columns = rows.to(x.device), columns.to(x.device)
        padded = F.pad(x, (shift,) * 4, mode="replicate")[:, 0]
        which = torch.arange(n, device=x.device)[:, None, None]
        return padded[which, rows[:, :, None], columns[:, None, :]][:, None]

    def begin_stage(self, parameters: Iterable[nn.Parameter], end: float = 1.0, rate: float = 1.0) -> None:
        """Train `parameters` alone from here to `end` of the budget, on a schedule of its own.

        `rate` multiplies the arena's learning rate. Without a call there is one stage for the whole network.
        """
        self._start, self._end, self._stage_rate = self.progress, end, rate * self.rate
        self.optimizer = torch.optim.SGD(parameters, self._stage_rate, momentum=0.9, nesterov=True, weight_decay=5e-4)

    def _schedule(self) -> None:
        done = (self.progress - self._start) / max(self._end - self._start, 1e-9)
        warm = min(1.0, (done + 0.01) / 0.05)
        for group in self.optimizer.param_groups:
            group["lr"] = self._stage_rate * warm * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


class LongTailMethod(Method):
    """The slot. Plain training with cross-entropy is what remains when no hook is filled."""

    def prepare(self, net: Net, task: Task) -> None:
        """Called once before training: set run-time state, replace net.classifier, begin a first stage."""

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Scalar loss of a batch: logits (B, C), y (B,)."""
        return F.cross_entropy(logits, y)

    def step(self, net: Net, task: Task) -> Tensor:
        """Draw a batch, leave gradients on the parameters, return the loss. The arena's optimiser then moves."""
        batch = task.draw()
        loss = self.loss(net(batch.x), batch.y)
        loss.backward()
        return loss

    def finish(self, net: Net, task: Task) -> None:
        """Called once after training: change the network without further gradients."""


def contrast(z: Tensor, positives: Tensor, temperature: Tensor | float, rivals: Tensor | None = None) -> Tensor:
    """Mean over anchors of -log softmax of their positives among their rivals.

    z (M, D) has unit rows, positives (M, M) is boolean; rivals (M, M), by default every other row, is what the
    softmax runs over. `temperature` is a number or (M, 1). Anchors without a positive do not count.
    """
    others = ~torch.eye(len(z), dtype=torch.bool, device=z.device)
    rivals = others if rivals is None else rivals & others
    similarity = (z @ z.T / temperature).masked_fill(~rivals, -1e9)
    log_p = similarity - similarity.logsumexp(1, keepdim=True)
    wanted = positives & rivals
    each = -(log_p * wanted).sum(1) / wanted.sum(1).clamp(min=1)
    return each[wanted.any(1)].mean() if wanted.any() else each.sum() * 0


class LongTail(Arena):
    title = "Long-tailed classification"
    metrics = (
        Metric("balanced_accuracy", "Balanced accuracy", unit="%", chance=10, ceiling=100,
               help="mean over the ten classes of the share of their test pictures named rightly"),
        Metric("head_accuracy", "Head accuracy", unit="%", chance=10, ceiling=100, help="the four most frequent"),
        Metric("medium_accuracy", "Medium accuracy", unit="%", chance=10, ceiling=100, help="the three in between"),
        Metric("tail_accuracy", "Tail accuracy", unit="%", chance=10, ceiling=100, help="the three rarest"),
        Metric("worst_recall", "Worst-class recall", unit="%", ceiling=100, help="accuracy on the class served worst"),
        Metric("calibration_error", "Calibration error", better="lower", unit="%", ceiling=0,
               help="expected gap between confidence and accuracy on the balanced test set, 15 bins"),
    )
    settings = (
        Setting("default", "100 times more pictures of the first class than of the last",
                {"imbalance": 100, "noise": 0.0, "ambiguity": 0.0}),
        Setting("mild", "10 times more", {"imbalance": 10, "noise": 0.0, "ambiguity": 0.0}),
        Setting("noisy-labels", "10 times more, and 40 % of the training labels wrong",
                {"imbalance": 10, "noise": 0.4, "ambiguity": 0.0}),
        Setting("partial-labels", "10 times more, and every training picture has a set of candidate labels",
                {"imbalance": 10, "noise": 0.0, "ambiguity": 0.7}),
    )
    scales = {
        "smoke": Scale(10, 1024, {"source": "digits", "most": 100, "val": 10, "test": 40, "width": 8, "features": 32,
                                  "batch": 32, "steps": 40, "rate": 0.2, "shift": 1, "flip": False}),
        "full": Scale(60, 2048, {"source": "fashion", "most": 500, "val": 50, "test": 500, "width": 16,
                                 "features": 64, "batch": 64, "steps": 1200, "rate": 0.05, "shift": 2, "flip": True}),
        "gpu": Scale(600, 8192, {"source": "fashion", "most": 5000, "val": 500, "test": 1000, "width": 64,
                                 "features": 256, "batch": 256, "steps": 8000, "rate": 0.05, "shift": 2,
                                 "flip": True}),
    }
    slot = LongTailMethod
    sources = (datasets.FASHION_MNIST, datasets.DIGITS)
    baseline = "cross-entropy"

    def data(self, trial: Trial) -> LongTailData:
        options = trial.options
        images, labels = datasets.fashion_mnist(trial.progress) if options.source == "fashion" else datasets.digits()
        labels = np.asarray(labels)
        classes = int(labels.max()) + 1
        rng = trial.numpy("split")
        order = rng.permutation(classes)
        kept = {"train": [], "val": [], "test": []}
        for place, c in enumerate(order):
            rows = rng.permutation(np.flatnonzero(labels == c))
            many = max(2, round(options.most * options.imbalance ** (-place / (classes - 1))))
            kept["test"].append(rows[:options.test])
            kept["val"].append(rows[options.test:][:options.val])
            kept["train"].append(rows[options.test + options.val:][:many])
        rows = {part: np.sort(np.concatenate(lists)) for part, lists in kept.items()}
        x, y = {}, {}
        for part, chosen in rows.items():
            pixels = torch.from_numpy(np.array(images[chosen])).float()[:, None]
            x[part], y[part] = pixels, torch.from_numpy(labels[chosen].astype(np.int64))
        mean, sd = x["train"].mean(), x["train"].std()
        x = {part: ((pixels - mean) / sd).to(trial.device) for part, pixels in x.items()}
        seen = add_noise(y["train"], options.noise, classes, rng)
        candidates = F.one_hot(seen, classes).bool()
        if options.ambiguity:
            candidates = add_candidates(x["train"].cpu(), y["train"], options.ambiguity, classes, rng)
            keys = torch.from_numpy(rng.random(candidates.shape)) * candidates
            seen = keys.argmax(1)
        to = trial.device
        return LongTailData(x["train"], seen.to(to), candidates.to(to), x["val"], y["val"].to(to), x["test"],
                            y["test"].to(to), torch.from_numpy(order).to(to))

    def run(self, method: LongTailMethod, data: LongTailData, trial: Trial) -> dict[str, float]:
        options, classes = trial.options, len(data.order)
        net = Net(data.x.shape[-1], options.width, options.features, classes).to(trial.device)
        task = Task(data, trial, classes)
        passed = [0]

        def count(module, inputs):
            passed[0] += len(inputs[0]) * torch.is_grad_enabled()

        counter = net.backbone.register_forward_pre_hook(count)
        method.prepare(net, task)
        if task.optimizer is None:
            task.begin_stage(net.parameters())
        step, every = 0, max(1, options.steps // 20)
        while task.spent < task.budget:
            task._schedule()
            net.zero_grad()
            passed[0] = 0
            loss = method.step(net, task)
            nn.utils.clip_grad_norm_([p for g in task.optimizer.param_groups for p in g["params"]], LONGEST)
            task.optimizer.step()
            task.spent += max(passed[0], options.batch)
            step += 1
            if step % every == 0 or task.spent >= task.budget:
                if not torch.isfinite(loss):
                    raise ValueError(f"{method.slug()}: the loss is {loss.item()} at step {step}")
                trial.record(round(task.spent / options.batch), options.steps, loss=loss.item())
        counter.remove()
        method.finish(net, task)
        trial.count(gradients=task.spent / options.batch, steps=step, parameters=count_parameters(net))
        return evaluate(logits_of(net, data.test_x), data.test_y, data.order)

    def shuffle_labels(self, data: LongTailData, generator: torch.Generator) -> LongTailData:
        rows = torch.randperm(len(data.y), generator=generator).to(data.y.device)
        return replace(data, y=data.y[rows], candidates=data.candidates[rows])


def evaluate(logits: Tensor, y: Tensor, order: Tensor) -> dict[str, float]:
    """The arena's metrics in percent from test logits (N, C), labels (N,) and the classes by frequency (C,)."""
    confidence, named = logits.softmax(1).max(1)
    right = (named == y).double()
    recall = torch.stack([right[y == c].mean() for c in order]) * 100
    bins = (confidence * 15).long().clamp(max=14)
    gap = torch.zeros(15, dtype=torch.double, device=y.device).index_add(0, bins, confidence.double() - right)
    groups = {f"{name}_accuracy": recall[places].mean().item() for name, places in GROUPS.items()}
    return {"balanced_accuracy": recall.mean().item(), **groups, "worst_recall": recall.min().item(),
            "calibration_error": gap.abs().sum().item() / len(y) * 100}


def add_noise(y: Tensor, share: float, classes: int, rng: np.random.Generator) -> Tensor:
    """Labels of which `share` are replaced by another class, drawn in proportion to the class counts."""
    counts = np.bincount(y.numpy(), minlength=classes).astype(float)
    others = np.where(np.eye(classes, dtype=bool), 0.0, counts)
    ladder = (others / others.sum(1, keepdims=True)).cumsum(1)                       # (C, C) from true class to wrong
    wrong = (rng.random((len(y), 1)) > ladder[y.numpy()]).sum(1).clip(max=classes - 1)
    return torch.where(torch.from_numpy(rng.random(len(y)) < share), torch.from_numpy(wrong), y)


def add_candidates(x: Tensor, y: Tensor, ambiguity: float, classes: int, rng: np.random.Generator) -> Tensor:
    """(N, C) bool: the true label, and each wrong label j with probability ambiguity * p_j / max wrong p.

    p is the softmax of a linear model fitted to the same pictures by 100 steps of gradient descent.
    """
    flat = x.flatten(1)
    weight = torch.zeros(flat.shape[1], classes)
    target = F.one_hot(y, classes).float()
    for _ in range(100):
        weight -= 0.5 * flat.T @ ((flat @ weight / flat.shape[1] ** 0.5).softmax(1) - target) \
            / (len(flat) * flat.shape[1] ** 0.5)
    p = (flat @ weight / flat.shape[1] ** 0.5).softmax(1) * (1 - target)
    flip = ambiguity * p / p.max(1, keepdim=True).values
    return (torch.from_numpy(rng.random(flip.shape)) < flip) | target.bool()
