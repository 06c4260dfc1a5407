"""Can a model of what is normal adapt to an unseen scene from few clips?

A scene is a kind of doodle (Quick, Draw!, 14 x 14 dots) and a motion of up to two dots each way; a clip is two frames,
and what leaves a frame comes in on the other side. A network of two convolutions draws the second frame from the first.
200 scenes with 12 of the 24 motions train it; then it meets 100 unseen kinds with the other motions, adapts to five
clips of each by one step of gradient descent, and scores 50 more, half of which move otherwise: the larger the error,
the odder. Training takes 200 steps of 4 scenes with ten clips each, with Adam. The clips are made, and named so: real
drawings, moved by us. With ten steps of adaptation instead of one, a network that was never trained before does better
than all (99 % on one seed): so small a network needs no training then. The rate of the one step was chosen for each
method from {1, 2, 4, 8} x 1e-4 on validation kinds of seed 100, which is never scored; that of `pretrain-then-tune` is
at the edge. A scene was first a kind of doodle alone, its right half drawn from its left: there every trained network
stayed near chance, so motions took its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.scene_anomaly.stage._data import SceneData, scene_data
from methods.arenas.scene_anomaly.stage.predictor import Weights, blank, errors
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial


class Task:
    """`clips` (S, N, 2, H, W) are clips of the training scenes, in 0..1."""

    def __init__(self, clips: Tensor, trial: Trial):
        self.clips, self.options, self._trial = clips, trial.options, trial

    def blank(self) -> list[Tensor]:
        return blank(self.options.channels, self.clips.device)

    def scenes(self, many: int, clips: int) -> Tensor:
        """(many, clips, 2, H, W) of scenes drawn by chance, no clip twice."""
        scenes = torch.randperm(len(self.clips))[:many, None]
        rows = torch.rand(many, self.clips.shape[1]).argsort(1)[:, :clips]
        return self.clips[scenes, rows]

    def train(self, weights: Weights, loss: Callable[[Tensor], Tensor]) -> Weights:
        """Weights after the arena's steps of Adam on `loss` of clips (S, 10, 2, H, W) of some scenes."""
        o, moving = self.options, list(weights)
        optimizer = torch.optim.Adam(moving, o.rate)
        for step in range(o.steps):
            value = loss(self.scenes(o.batch, 10))
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            self._trial.count(clips=10 * o.batch)
            if step % max(1, o.steps // 20) == 0 or step == o.steps - 1:
                self._trial.record(step + 1, o.steps, loss=value.item())
        return moving


class SceneAnomalyMethod(Method):
    """The slot: how the network is trained before it meets the scenes, and how it adapts."""

    sees_more = False       # adapts to many normal clips: an upper bound

    def meta_train(self, task: Task) -> Weights:
        """Weights common to all scenes; by default as they are drawn."""
        return task.blank()

    def adapt(self, weights: Weights, normal: Tensor) -> Weights:
        """Weights for each scene (T, ...) from its normal clips (T, K, 2, H, W); by default the common ones."""
        return weights

    def scores(self, weights: Weights, normal: Tensor, x: Tensor) -> Tensor:
        """(T, A) how odd the clips x (T, A, 2, H, W) are; by default the error."""
        return errors(weights, x)


class SceneAnomaly(Arena):
    title = "Odd clips of an unseen scene"
    metrics = (
        Metric("auroc", "AUROC", unit="%", chance=50, ceiling=100,
               help="an odd clip scores higher than a normal one of the same scene; mean over scenes"),
        Metric("error", "Error", "lower", "%",
               help="squared error of normal second frames, in % of their mean square, mean over scenes"),
    )
    settings = (Setting("default", "5 normal clips", {"normal": 5}),)
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "scenes": 5, "tests": 4, "each": 40, "far": 1, "steps": 10, "batch": 4,
                                 "channels": 4, "rate": 3e-3}),
        "full": Scale(60, 2048, {"small": False, "scenes": 200, "tests": 100, "each": 100, "far": 2, "steps": 200,
                                 "batch": 4, "channels": 4, "rate": 3e-3}),
        "gpu": Scale(600, 8192, {"small": False, "scenes": 200, "tests": 100, "each": 100, "far": 2, "steps": 6000,
                                 "batch": 64, "channels": 32, "rate": 3e-3}),
    }
    slot = SceneAnomalyMethod
    baseline = "pretrain-then-tune"
    sources = (datasets.QUICKDRAW, datasets.DIGITS)

    def data(self, trial: Trial) -> SceneData:
        return scene_data(trial)

    def run(self, method: SceneAnomalyMethod, data: SceneData, trial: Trial) -> dict[str, float]:
        task = Task(data.train, trial)
        common = [w.detach() for w in method.meta_train(task)]
        trial.count(parameters=sum(w.numel() for w in common))
        normal = data.more if method.sees_more else data.normal
        own = [w.detach() for w in method.adapt(common, normal)]
        with torch.no_grad():
            said, error = method.scores(own, normal, data.asked), errors(own, data.asked)
        if said.shape != data.odd.shape or not torch.isfinite(said).all():
            raise ValueError(f"{method.slug()}: a finite score for each picture is wanted")
        return {"auroc": 100 * auroc(said, data.odd).mean().item(), "error": error[data.odd == 0].mean().item()}

    def shuffle_labels(self, data: SceneData, generator: torch.Generator) -> SceneData:
        """Normal pictures are dealt to other scenes."""
        def dealt(x: Tensor) -> Tensor:
            return x.flatten(0, 1)[torch.randperm(x.shape[0] * x.shape[1], generator=generator)].view_as(x)

        return replace(data, normal=dealt(data.normal), more=dealt(data.more))


def auroc(scores: Tensor, odd: Tensor) -> Tensor:
    """(T,) share of pairs of an odd and a normal picture in which the odd one scores higher; ties count half."""
    found = []
    for said, label in zip(scores, odd, strict=True):
        high, low = said[label == 1][:, None], said[label == 0][None]
        found.append(((high > low).double() + 0.5 * (high == low).double()).mean())
    return torch.stack(found)

