"""Equations of the arena of unknown kinds against other computations."""

import numpy as np
import torch
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import roc_auc_score, roc_curve

from methods.arenas.ood_detection.knn import kth
from methods.arenas.ood_detection.mahalanobis import away
from methods.arenas.ood_detection.slad import divergence
from methods.arenas.ood_detection.stage._scores import told_apart


def test_divergence_is_scipys_distance_squared():
    p, q = torch.rand(2, 5, 4, generator=torch.manual_seed(0)).softmax(2)
    wanted = [jensenshannon(a, b)**2 for a, b in zip(p.numpy(), q.numpy(), strict=True)]
    assert np.allclose(divergence(p, q), wanted, atol=1e-6)


def test_scores_are_those_of_scikit_learn():
    good, bad = torch.randn(200, generator=torch.manual_seed(1)) + 1, torch.randn(300, generator=torch.manual_seed(2))
    labels, scores = np.repeat([1, 0], [200, 300]), torch.cat([good, bad]).numpy()
    found = told_apart(good, bad)
    assert np.isclose(found["auroc"], 100 * roc_auc_score(labels, scores))
    passed, kept, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert np.isclose(found["fpr95"], 100 * passed[np.flatnonzero(kept >= 0.95)[0]])


def test_distances_to_kinds_and_neighbours():
    h, means = torch.randn(6, 3, generator=torch.manual_seed(3)), torch.randn(2, 3, generator=torch.manual_seed(4))
    inverse = torch.linalg.inv(torch.cov(torch.randn(3, 50, generator=torch.manual_seed(5))))
    wanted = [min((x - m) @ inverse @ (x - m) for m in means).item() for x in h]
    assert np.allclose(away(h, means, inverse), wanted, atol=1e-4)
    directions = h / h.norm(dim=1, keepdim=True)
    apart = (directions[:1] - directions[1:]).norm(dim=1).sort().values
    assert torch.isclose(kth(h[:1], h[1:], 2)[0], -apart[1], atol=1e-5)
