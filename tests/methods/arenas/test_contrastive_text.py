"""Rewritings and equations of the arena of contrastive text against computations that share no code with it."""

import ast
import itertools

import numpy as np
import pytest
import torch

from methods.arenas.contrastive_text import contrabert
from methods.arenas.contrastive_text.arena import mrr
from methods.arenas.contrastive_text.stage import _rewrites
from methods.arenas.contrastive_text.stage.task import contrast

CODE = """
def f(a, b, c):
    if a and b:
        x = 1
    else:
        x = 2
    if not c or a == b:
        x = x + 10
    return x
"""


def answers(tree):
    names = {}
    exec(ast.unparse(ast.fix_missing_locations(tree)), names)
    function = next(value for name, value in names.items() if name != "__builtins__")
    return [function(*given) for given in itertools.product((False, True), repeat=3)]


@pytest.fixture
def tree():
    return ast.parse(CODE).body[0]


@pytest.mark.parametrize("seed", range(8))
def test_rewritings_keep_the_meaning_and_broken_ones_do_not(tree, seed):
    rng, meant = np.random.default_rng(seed), answers(tree)
    for same in (_rewrites.renamed(tree, _rewrites.TRAIN_NAMES, rng), _rewrites.padded(tree, rng),
                 _rewrites.by_law(tree, rng)):
        assert answers(same) == meant and ast.unparse(same) != ast.unparse(tree)
    assert answers(_rewrites.broken(tree, rng)) != meant


def test_names_of_training_and_test_are_apart():
    assert not set(_rewrites.TRAIN_NAMES) & set(_rewrites.TEST_NAMES)


def test_contrast_with_and_without_a_queue():
    drawn = torch.Generator().manual_seed(0)
    q, k, others = (torch.randn(n, 4, generator=drawn).double() for n in (3, 3, 5))

    def nats(own, rest):
        return -np.log(np.exp(own) / (np.exp(own) + np.exp(rest).sum()))

    near, far = (q @ k.T / 0.5).numpy(), (q @ others.T / 0.5).numpy()
    queued = np.mean([nats(near[i, i], far[i]) for i in range(3)])
    assert contrabert.queued(q, k, others, 0.5).item() == pytest.approx(queued)
    batch = np.mean([nats(near[i, i], np.concatenate([np.delete(near[i], i), far[i]])) for i in range(3)])
    assert contrast(q, k, others, 0.5).item() == pytest.approx(batch)


def test_mrr():
    gallery = torch.eye(3)
    assert mrr(gallery, gallery) == pytest.approx(100)
    assert mrr(torch.zeros(3, 3), gallery) == pytest.approx(50)                      # all tie: rank 2 of 3
