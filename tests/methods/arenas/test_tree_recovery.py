"""The arena of trees: rebuilding, and the ranking loss by loops."""

import torch

from methods.arenas.tree_recovery.arena import TreeRecovery, TreeRecoveryMethod
from methods.arenas.tree_recovery.stage.probe import ranked
from methods.arenas.tree_recovery.stage.task import Said
from methods.kit.method import Card


def test_ranking_is_the_mean_hinge_of_pairs():
    torch.manual_seed(0)
    said, heights = torch.rand(2, 4), torch.randint(0, 3, (2, 4))
    there = torch.tensor([[True] * 4, [True, True, False, False]])
    terms = [max(0.0, 1 - float((heights[s, i] - heights[s, j]).sign()) * float(said[s, i] - said[s, j]))
             for s in range(2) for i in range(4) for j in range(4)
             if heights[s, i] != heights[s, j] and there[s, i] and there[s, j]]
    assert torch.isclose(ranked(said, heights, there), torch.tensor(sum(terms) / max(1, len(terms))), atol=1e-6)


def test_who_knows_the_tree_has_all_of_it():
    stage = TreeRecovery()
    trial = stage.trial(scale="smoke", seed=1)
    data = stage.data(trial)

    class Knowing(TreeRecoveryMethod):
        card = Card(title="Knowing")

        def tree(self, trees):
            return Said(data.test.heights.float(), data.test.labels)

    assert stage.score(Knowing(), trial, data) == {"tree_f1": 100.0, "labelled_f1": 100.0, "split_order": 100.0}
