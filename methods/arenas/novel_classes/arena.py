"""Sort a heap of characters into kinds that nobody named.

50 letters and digits in 135 fonts, 16 x 16 dots; lower case letters that look like capitals, and nought, are left out.
The kinds are split anew by every seed: of 30 known ones all pictures have names, 20 others lie in a heap without any.
Each picture of the heap is put into a cluster; clusters are then matched to kinds, at most one to each, so that most
pictures are right. The heap is trained on and asked, as is the custom. How many kinds lie in it is told.

In `generalized` half of the pictures of known kinds lie in the heap as well, without names, and clusters are matched
for all 50 kinds at once. In `unknown-count` it is told only that there are at most 40 novel kinds.

All have the same network (two convolutions and two layers), two views a picture (turned, zoomed and shifted a little)
and as many steps of AdamW at one rate for all; those that learn in stages share the steps out. Strengths are the
papers' or their authors' code's unless a file says otherwise. A first version took drawings (Quick, Draw!) as a frozen
network sees them, in which plain k-means found more than anything that had learnt; characters replaced them after a
look at four references on seeds 101 and 102, which are not scored; drawings were tried with three rates, a residual
network, 200 known kinds and as pixels before. Steps and rate were set on seed 101 with UNO and
k-means on supervised embeddings, so that UNO learns in time: at a lower rate for fewer steps it found much less.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.novel_classes.stage._data import NovelData, novel_data
from methods.arenas.novel_classes.stage._scores import matched, mutual
from methods.arenas.novel_classes.stage.nets import Net
from methods.arenas.novel_classes.stage.task import Batch, Task
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import DIGITS, FONTS

SAME = {"mixed": False, "guess": 0}


class NovelClassesMethod(Method):
    """The slot: most fill `loss` and, where clusters are not the likeliest kinds, `sort`."""

    sees_names = False               # of the heap: an upper bound, not a contestant
    named_first = 0.5                # share of the steps on the names alone, before `loss`

    def loss(self, net: Net, batch: Batch, task: Task) -> Tensor:
        """The scalar loss of a batch."""
        raise NotImplementedError

    def fit(self, task: Task) -> Net:
        net = task.network()
        if self.named_first:
            task.pretrain(net, self.named_first)
        return task.train(net, lambda batch: self.loss(net, batch, task), 1 - self.named_first)

    def sort(self, net: Net, task: Task) -> Tensor:
        """Clusters (M,) of the heap, whole numbers from 0 on."""
        z = net(task.heap)
        return (net.both(z) if task.mixed else net.novel(z)).argmax(1)


class NovelClasses(Arena):
    title = "Kinds that nobody named"
    metrics = (
        Metric("accuracy", "Accuracy", unit="%", ceiling=100, chance=None,
               help="pictures of the heap in the cluster that is matched to their kind"),
        Metric("novel_accuracy", "Accuracy on novel kinds", unit="%", ceiling=100, chance=None,
               help="the same among pictures of kinds that nobody named"),
        Metric("nmi", "Mutual information", unit="%", chance=None, ceiling=100,
               help="between clusters and kinds, as a share of the mean of their entropies"),
        Metric("count_error", "Error of the count", better="lower", unit="%", chance=None, ceiling=0,
               help="how far the number of clusters is from that of kinds, as a share of it"),
    )
    settings = (
        Setting("default", "novel kinds alone", SAME),
        Setting("generalized", "known and novel kinds in one heap", {**SAME, "mixed": True}),
        Setting("unknown-count", "how many kinds is not told", {**SAME, "guess": 40}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "known": 6, "novel": 4, "each": 20, "width": 8, "channels": 4,
                                 "batch": 16, "steps": 8, "rate": 1e-2, "decay": 1e-2}),
        "full": Scale(60, 2048, {"small": False, "known": 30, "novel": 20, "each": 135, "width": 64, "channels": 12,
                                 "batch": 64, "steps": 400, "rate": 8e-3, "decay": 1e-2}),
        "gpu": Scale(600, 8192, {"small": False, "known": 30, "novel": 20, "each": 135, "width": 256, "channels": 64,
                                 "batch": 512, "steps": 4000, "rate": 1e-3, "decay": 1e-2}),
    }
    slot = NovelClassesMethod
    baseline = "kmeans-supervised"
    sources = (*(source for _, source in FONTS), DIGITS)

    def data(self, trial: Trial) -> NovelData:
        return novel_data(trial)

    def run(self, method: NovelClassesMethod, data: NovelData, trial: Trial) -> dict[str, float]:
        task = Task(data, trial, sees_names=method.sees_names)
        net = method.fit(task).eval()
        with torch.no_grad():
            clusters = method.sort(net, task)
        if clusters.shape != data.heap_y.shape or clusters.is_floating_point() or int(clusters.min()) < 0:
            raise ValueError(f"{method.slug()}: a cluster for each of {len(data.heap_y)} pictures is wanted")
        right, kinds = matched(clusters, data.heap_y).double(), data.novel + (data.known if task.mixed else 0)
        accuracy = 100 * right.mean().item()
        trial.count(pictures=len(clusters))
        trial.record(1, 1, accuracy=accuracy)
        return {"accuracy": accuracy,
                "novel_accuracy": 100 * right[data.heap_y.cpu() >= data.known].mean().item(),
                "nmi": mutual(clusters, data.heap_y),
                "count_error": 100 * abs(len(clusters.unique()) - kinds) / kinds}

    def shuffle_labels(self, data: NovelData, generator: torch.Generator) -> NovelData:
        """Names and kinds of the heap are dealt anew."""
        named, heap = (torch.randperm(len(y), generator=generator).to(y.device) for y in (data.y, data.heap_y))
        return replace(data, y=data.y[named], heap_y=data.heap_y[heap])
