"""Equations of the arena of teacher's queries against computations that share no code with it."""

import math

import numpy as np
import pytest
import torch

from methods.arenas.teacher_queries import arte, krr_st
from methods.arenas.teacher_queries.stage import hard, task
from methods.arenas.teacher_queries.stage.clusters import centres


@pytest.fixture
def drawn():
    return torch.Generator().manual_seed(0)


def test_krr_st_is_ridge_regression(drawn):
    """The kernel's closed form is that of weights, as the matrix inversion lemma has it."""
    learnt, real, answers = (torch.randn(size, generator=drawn).double() for size in ((5, 3), (4, 3), (5, 2)))
    lam = 1e-6 * float((learnt @ learnt.T).trace())
    x = learnt.numpy()
    weights = np.linalg.solve(x.T @ x + lam * np.eye(3), x.T @ answers.numpy())
    assert krr_st.told(real, learnt, answers).numpy() == pytest.approx(real.numpy() @ weights, rel=1e-4)


def test_dpo(drawn):
    best, worst, best_0, worst_0 = torch.randn(4, 6, generator=drawn)
    wanted = np.mean([math.log1p(math.exp(-0.1 * float(a - c - b + d)))
                      for a, b, c, d in zip(best, worst, best_0, worst_0, strict=True)])
    assert float(arte.dpo(best, worst, best_0, worst_0, 0.1)) == pytest.approx(wanted, rel=1e-5)


def test_soft_is_cross_entropy_with_probabilities(drawn):
    said, answers = torch.randn(3, 4, generator=drawn), torch.randn(3, 4, generator=drawn)
    p, q = (np.exp(each.numpy()) / np.exp(each.numpy()).sum(1, keepdims=True) for each in (answers, said))
    assert task.soft(said, answers).numpy() == pytest.approx(-(p * np.log(q)).sum(1), rel=1e-5)


def test_hard_rows():
    assert hard.hard_rows(torch.tensor([0.1, 0.5, 0.2]), 0.2).tolist() == [1, 2]
    assert hard.hard_rows(torch.tensor([0.1, 0.05]), 0.2).tolist() == [0]


def test_an_empty_cluster_stays_where_it_was():
    x = torch.tensor([[0.0], [0.0], [4.0]])
    assert centres(x, torch.tensor([0, 1, 2]), 2).flatten().tolist() == [0.0, 0.0, 4.0]


def test_a_shift_moves_every_dot():
    with torch.random.fork_rng():
        x = torch.arange(16.0).view(1, 1, 4, 4)
        moved = task.shifted(x, 1)
    found = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if torch.equal(x.roll((i, j), (2, 3)), moved)]
    assert len(found) == 1
