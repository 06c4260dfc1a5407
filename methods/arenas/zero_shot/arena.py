"""Can a kind of drawings be named of which none was ever seen, from what its name means?

The 345 kinds of Quick, Draw! are split anew by every seed: of 245 there are 40 drawings each to learn from, of 100
there is none. A drawing is 96 features of a network trained on ImageNet (EfficientNet-Lite0, whitened principal
parts); so unseen kinds are unseen by whatever learns here, and not by ImageNet. A kind is the vector of its name in a
sentence encoder (all-MiniLM-L6-v2). Asked are 6,000 drawings of unseen kinds, ranked among the unseen names, and
4,900 more of seen kinds: any of the 345 names may then be the answer, and the better of two errors is to be found
between naming all drawings after seen kinds and after unseen ones.

In `transductive` the unseen drawings are given beforehand, in no order, without names. In `few-seen` 60 kinds are
seen and 285 are not. In `tagging` a question is four drawings, of which one to three are of kinds with a name and the
others of 45 kinds without any; which is which is not said, neither then nor in learning. In `attributes` a drawing is
only seven bits to be measured on it (wide, closed, ...) and a kind the shares of its drawings that have each; 20
kinds are unseen. In `worst-attributes` the same, but the bits that are asked follow the law, of all that these shares
allow, under which the method errs most.

Strengths are the best of a declared grid by mean reciprocal rank on seeds 100 to 102, which are not scored, or a
paper's. On such seeds, too, features were chosen to be whitened, which raises the upper bound and no method much, and
`worst-attributes` to know the method that it asks, as a law that is worst for the best map alone told no two apart.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.zero_shot.stage._checks import answers_each_drawing_alone
from methods.arenas.zero_shot.stage._data import ZeroShotData, zero_shot_data
from methods.arenas.zero_shot.stage._scores import area, distance, harmonic, named_right, ranked
from methods.arenas.zero_shot.stage._worst import worst_questions
from methods.arenas.zero_shot.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import EFFICIENTNET_LITE0, MINILM

SAME = {"sizes": "many", "describe": "names", "worst": False, "unlabelled": False}
SMALL = {"seen": 5, "unseen": 4, "clutter": 0, "train": 20, "asked": 20, "asked_seen": 10, "bags": 0, "bag_tests": 0}
LARGE = {"seen": 245, "unseen": 100, "clutter": 0, "train": 40, "asked": 60, "asked_seen": 20, "bags": 0,
         "bag_tests": 0}
SIZES = {"many": LARGE, "few": {**LARGE, "seen": 60, "unseen": 285, "asked": 20},
         "several": {**LARGE, "seen": 200, "clutter": 45, "bags": 4000, "bag_tests": 4000},
         "bits": {**LARGE, "seen": 40, "unseen": 20}}


class ZeroShotMethod(Method):
    """The slot. An instance keeps what `fit` has found for the other hooks."""

    by_lot = False                   # answers are drawn by lot, so that they differ when asked again
    sees_unseen = False              # given means of drawings of unseen kinds: an upper bound, not a contestant

    def fit(self, task: Task) -> None:
        raise NotImplementedError

    def scores(self, x: Tensor, task: Task) -> Tensor:
        """(N, C) of drawings (N, W + B), the higher the likelier; the first `task.seen` columns are the seen kinds."""
        raise NotImplementedError

    def bag_scores(self, cells: Tensor, task: Task) -> Tensor:
        """(N, C) of questions (N, K, W + B)."""
        return self.scores(cells.mean(1), task)

    def decide(self, scores: Tensor, task: Task) -> Tensor:
        """One kind (N,) out of all."""
        return scores.argmax(1)


class ZeroShot(Arena):
    title = "Kinds that were never seen"
    metrics = (
        Metric("mrr", "Reciprocal rank", unit="%", chance=5.2, ceiling=100,
               chance_in={"few-seen": 2.2, "attributes": 18.0, "worst-attributes": None},
               help="mean of one over the rank of the right name among the unseen ones"),
        Metric("unseen_accuracy", "Accuracy on unseen kinds", unit="%", chance=1, ceiling=100,
               chance_in={"few-seen": 0.4, "tagging": 2, "attributes": 5, "worst-attributes": None},
               help="the highest of the unseen names is right"),
        Metric("ausuc", "Seen-unseen area", unit="%", chance=0, ceiling=100,
               help="area under accuracy on unseen against accuracy on seen kinds, all names allowed, over all ways to "
                    "hold seen kinds back"),
        Metric("harmonic", "Harmonic mean", unit="%", chance=0, ceiling=100,
               help="of the accuracies on seen and on unseen kinds, all names allowed, as the method decides"),
        Metric("name_distance", "Distance of names", better="lower", ceiling=0,
               help="mean squared distance between the name answered, all allowed, and the right one"),
    )
    settings = (
        Setting("default", "100 kinds unseen", SAME),
        Setting("transductive", "unseen drawings are given, without names", {**SAME, "unlabelled": True}),
        Setting("few-seen", "60 kinds seen", {**SAME, "sizes": "few"}),
        Setting("tagging", "several kinds at once", {**SAME, "sizes": "several"}),
        Setting("attributes", "seven bits a drawing", {**SAME, "sizes": "bits", "describe": "bits"}),
        Setting("worst-attributes", "seven bits by the worst law", {
            **SAME, "sizes": "bits", "describe": "bits", "worst": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "hidden": 16, "shorter": 10, "drawn": 20, "many": SMALL,
                                 "few": {**SMALL, "seen": 3, "unseen": 6}, "bits": SMALL,
                                 "several": {**SMALL, "clutter": 1, "bags": 80, "bag_tests": 40}}),
        "full": Scale(30, 2048, {"small": False, "hidden": 128, "shorter": 1, "drawn": 300, **SIZES}),
        "gpu": Scale(600, 8192, {"small": False, "hidden": 2048, "shorter": 1, "drawn": 300, **SIZES}),
    }
    slot = ZeroShotMethod
    baseline = "eszsl"
    sources = (datasets.QUICKDRAW, EFFICIENTNET_LITE0, datasets.DIGITS, MINILM)
    checks = (answers_each_drawing_alone,)

    def data(self, trial: Trial) -> ZeroShotData:
        return zero_shot_data(trial)

    def run(self, method: ZeroShotMethod, data: ZeroShotData, trial: Trial) -> dict[str, float]:
        o, seen = trial.options, data.tags.shape[1]
        row, kind = data.tags.nonzero(as_tuple=True)
        cells = data.unseen_cells
        mixed = torch.randperm(len(cells), generator=trial.generator("unlabelled")).to(cells.device)
        task = Task(data.bags.mean(1)[row], kind, data.bags, data.tags, data.meaning, data.attributes, seen, data.width,
                    trial, cells.mean(1)[mixed] if o.unlabelled else None, data.many if method.sees_unseen else None)
        method.fit(task)
        trial.count(drawings=len(task.bags))
        asked = cells, data.unseen_right
        if o.worst:
            asked = worst_questions(lambda x: method.bag_scores(x, task), data, o.drawn, trial.numpy("worst law"))
        found, shares, answers, rights = [], [], [], []
        for questions, right in (asked, (data.seen_cells, data.seen_right)):
            scores = method.bag_scores(questions, task)
            if scores.shape != right.shape or not torch.isfinite(scores).all():
                raise ValueError(f"{method.slug()}: finite scores of {right.shape[1]} kinds are wanted")
            found.append(scores)
            answers.append(method.decide(scores, task))
            shares.append(named_right(answers[-1], right))
            rights.append(right)
        mrr, accuracy = ranked(found[0][:, seen:], asked[1][:, seen:])
        trial.record(1, 1, mrr=mrr, unseen=shares[0], seen=shares[1])
        return {"mrr": mrr, "unseen_accuracy": accuracy, "harmonic": harmonic(*shares),
                "ausuc": area(found[0], asked[1], found[1], data.seen_right, seen),
                "name_distance": distance(torch.cat(answers), torch.cat(rights), data.names)}

    def shuffle_labels(self, data: ZeroShotData, generator: torch.Generator) -> ZeroShotData:
        """The kinds of the drawings to learn from are dealt anew."""
        order = torch.randperm(len(data.tags), generator=generator).to(data.tags.device)
        return replace(data, tags=data.tags[order])
