"""Can the syntax tree of a statement be rebuilt from the states of a model that has only predicted bytes?

A small causal model (four blocks, width 64) has learnt to predict the next byte of Python source and is never trained
again. A probe sees its states at the last byte of each token and says of every two neighbours how high in the tree they
part; the tree is cut at the highest split, then so on. Asked are 1,000 statements of 8 to 24 tokens of files that
neither model nor probe has read; the probe learns from 600 statements of others. The tree is Python's own; nodes of
more than two parts branch to the right.

A constituent is a node's span of two tokens or more that is not the whole statement. A method that labels its nodes
leaves out those that it takes for made by branching. In `untrained` the model has read nothing, so what is found there
comes from the bytes of the tokens and a random mixture of what stands before.

Rates and the layer that is read were set after looks at seeds that are not scored (100 and 101), the same for the
probe of embeddings but for the layer.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from methods.arenas.tree_recovery.stage._data import TreeData, tree_data
from methods.arenas.tree_recovery.stage.task import Said, Trees, nodes
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import STDLIB


class TreeRecoveryMethod(Method):
    """The slot: `fit` learns from known trees, `tree` says the heights of splits and, if it can, labels."""

    def fit(self, trees: Trees) -> None:
        """Called once, before anything is asked."""

    def tree(self, trees: Trees) -> Said:
        raise NotImplementedError


def answers_without_the_key(rehearsal: Rehearsal, method: type[Method]) -> None:
    """The trees asked for are hidden."""
    watched, hidden = method(), []
    tree = watched.tree

    def see(trees):
        hidden.append(trees.heights is None and trees.labels is None and trees.singles is None)
        return tree(trees)

    watched.tree = see
    rehearsal.run(watched)
    require(hidden and all(hidden), "tree is given the trees it is asked for")


class TreeRecovery(Arena):
    title = "Syntax trees in states"
    metrics = (
        Metric("tree_f1", "F1 of constituents", unit="%", ceiling=100, help="mean over statements, labels apart"),
        Metric("labelled_f1", "F1 with labels", unit="%", ceiling=100,
               help="the label must be right, too; methods without labels take the commonest"),
        Metric("split_order", "Splits in order", unit="%", chance=50, ceiling=100,
               help="of two splits of a statement, the higher is said to be higher"),
    )
    settings = (
        Setting("default", "the trained model", {"stage": "trained"}),
        Setting("untrained", "before any training", {"stage": "untrained"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "train": 16, "test": 16, "steps": 4, "batch": 8}),
        "full": Scale(60, 4096, {"small": False, "train": 600, "test": 1000, "steps": 400, "batch": 32}),
        "gpu": Scale(600, 8192, {"small": False, "train": 2500, "test": 2500, "steps": 3000, "batch": 128}),
    }
    slot = TreeRecoveryMethod
    baseline = "right-branching"
    sources = (STDLIB,)
    checks = (answers_without_the_key,)

    def data(self, trial: Trial) -> TreeData:
        return tree_data(trial)

    def run(self, method: TreeRecoveryMethod, data: TreeData, trial: Trial) -> dict[str, float]:
        method.fit(replace(data.train, trial=trial))
        with torch.no_grad():
            said = method.tree(replace(data.test, heights=None, labels=None, singles=None, trial=trial))
        heights, labels, _ = data.test.known
        if said.heights.shape != heights.shape or torch.isnan(said.heights).any():
            raise ValueError(f"{method.slug()}: a height for each split is wanted")
        known = data.train.known[1]
        commonest = int(torch.bincount(known[known > 0]).argmax())
        named = torch.full_like(labels, commonest) if said.labels is None else said.labels
        scores, told = [], list(zip(*(part.tolist() for part in (data.test.many, heights, labels, said.heights, named)),
                                    strict=True))
        for many, gold_heights, gold_labels, own_heights, own_labels in told:
            gold, own = ({(a, b): names[at] for a, b, at in nodes(splits[:many - 1]) if names[at] and b - a < many - 1}
                         for splits, names in ((gold_heights, gold_labels), (own_heights, own_labels)))
            if gold:
                both = gold.keys() & own.keys()
                named_right = sum(gold[span] == own[span] for span in both)
                scores.append([2 * hits / (len(gold) + len(own)) for hits in (len(both), named_right)])
        f1, labelled = torch.tensor(scores, dtype=torch.float64).mean(0).tolist()
        there = torch.arange(heights.shape[1], device=heights.device) < data.test.many[:, None] - 1
        right, own = (part[:, :, None] - part[:, None] for part in (heights, said.heights))
        pairs = (right > 0) & there[:, :, None] & there[:, None]
        order = ((own > 0).double() + 0.5 * (own == 0).double())[pairs].mean().item()
        trial.count(statements=len(data.train.many))
        trial.record(1, 1, tree_f1=100 * f1)
        return {"tree_f1": 100 * f1, "labelled_f1": 100 * labelled, "split_order": 100 * order}

    def shuffle_labels(self, data: TreeData, generator: torch.Generator) -> TreeData:
        """Every statement for learning has the tree of another."""
        order = torch.randperm(len(data.train.many), generator=generator)
        heights, labels, singles = (part[order] for part in data.train.known)
        return replace(data, train=replace(data.train, heights=heights, labels=labels, singles=singles))
