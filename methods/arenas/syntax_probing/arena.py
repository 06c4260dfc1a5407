"""What of the grammar can be read off the attention of a model that has only predicted bytes?

A small causal model (four blocks of four heads) has learnt to predict the next byte of Python source, in windows of 128
bytes, and is never trained again. Asked is, for a token of a file it has not read, which earlier token of the window it
hangs on: a closing bracket on its opening one, a name on its previous use, the colon of a block on its keyword, an
argument on the function, a value on its target. All methods know the relation. Attention between tokens is the sum over
the bytes attended to and the mean over those attending.

Half of the test files serve for choosing heads and training probes (about 2,500 edges), the other half for asking
(about 4,500). Accuracy is the mean over the five relations. In `untrained` the model has read nothing: what a
method finds there it has not found in what the model has learnt.

Attention goes to the left alone, so only heads of edges that lie before the token are asked for; a model that reads
both ways can be asked more.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.syntax_probing.stage._checks import answers_without_the_key
from methods.arenas.syntax_probing.stage._data import SyntaxData, syntax_data
from methods.arenas.syntax_probing.stage.task import Edges
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.byte_code import RELATIONS
from methods.kit.stage.sources import STDLIB


class SyntaxProbingMethod(Method):
    """The slot: `fit` learns from edges with heads, `scores` (E, T) says of each token how likely it is the head."""

    def fit(self, edges: Edges) -> None:
        """Called once, before anything is asked."""

    def scores(self, edges: Edges) -> Tensor:
        raise NotImplementedError


class SyntaxProbing(Arena):
    title = "Syntax in attention"
    metrics = (
        Metric("edge_accuracy", "Heads found", unit="%", ceiling=100, help="mean over five relations"),
        Metric("top_three", "Head among three", unit="%", ceiling=100, help="the head is one of the three likeliest"),
        Metric("far_accuracy", "Far heads found", unit="%", ceiling=100, help="of heads six or more tokens back"),
    )
    settings = (
        Setting("default", "the trained model", {"stage": "trained"}),
        Setting("untrained", "before any training", {"stage": "untrained"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "train_windows": 12, "test_windows": 12, "tokens": 32, "steps": 4,
                                 "batch": 32}),
        "full": Scale(60, 4096, {"small": False, "train_windows": 250, "test_windows": 450, "tokens": 48, "steps": 400,
                                 "batch": 256}),
        "gpu": Scale(600, 16384, {"small": False, "train_windows": 3000, "test_windows": 6000, "tokens": 48,
                                  "steps": 2000, "batch": 1024}),
    }
    slot = SyntaxProbingMethod
    baseline = "offset"
    sources = (STDLIB,)
    checks = (answers_without_the_key,)

    def data(self, trial: Trial) -> SyntaxData:
        return syntax_data(trial)

    def run(self, method: SyntaxProbingMethod, data: SyntaxData, trial: Trial) -> dict[str, float]:
        asked = replace(data.test, head=None, trial=trial)
        method.fit(replace(data.train, trial=trial))
        with torch.no_grad():
            scores = method.scores(asked)
        if scores.shape != data.test.words.shape or torch.isnan(scores).any():
            raise ValueError(f"{method.slug()}: a score for each token of the window is wanted")
        ranked = scores.masked_fill(~asked.earlier, -torch.inf).topk(3, 1).indices
        hit = ranked == data.test.known[:, None]
        far = data.test.query - data.test.known >= 6
        groups = [data.test.relation == r for r in range(len(RELATIONS))]
        trial.count(edges=len(data.train.query))
        trial.record(1, 1, edge_accuracy=_macro(hit[:, 0], groups))
        return {"edge_accuracy": _macro(hit[:, 0], groups), "top_three": _macro(hit.any(1), groups),
                "far_accuracy": _macro(hit[:, 0], [group & far for group in groups])}

    def shuffle_labels(self, data: SyntaxData, generator: torch.Generator) -> SyntaxData:
        """Heads for learning become any earlier token."""
        query = data.train.query
        mixed = (torch.rand(len(query), generator=generator).to(query.device) * query).long()
        return replace(data, train=replace(data.train, head=mixed))


def _macro(hit: Tensor, groups: list[Tensor]) -> float:
    """Mean over the groups that are not empty, in per cent."""
    found = [hit[group].double().mean().item() for group in groups if group.any()]
    return 100 * sum(found) / max(1, len(found))
