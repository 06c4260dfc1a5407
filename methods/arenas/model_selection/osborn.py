"""OSBORN: near to the task in features and in kinds, and agreeing with each other.

    s(S) = -sum over models of (a W_D + b W_T) + c sum over pairs of W_C
    W_D = sum_ij pi_ij ||f_i - f_j||^2,   pi the coupling of the model's own items and the task's by optimal transport
    W_T = H(Y_task | Y_own) under the table of kinds that pi makes
    W_C = -(H(Z_1 | Z_2) + H(Z_2 | Z_1)) / 2,   Z_i what model i takes the task's items for

Departs from the paper: features at length one, so that those of several models compare; transport is entropic (a
twentieth of the mean cost); at most 200 items; both directions of a pair count half; a = b = c = 1; sets are
given, so none is built greedily.

>>> import torch
>>> from methods.arenas.model_selection.stage.empirical import conditional_entropy
>>> agree, not_agree = torch.eye(2) / 2, torch.full((2, 2), 0.25)
>>> bool(cohesion(agree) > cohesion(not_agree)), round(cohesion(not_agree).item(), 3)
(True, -0.693)
"""

import torch
import torch.nn.functional as F

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.empirical import conditional_entropy
from methods.arenas.model_selection.stage.task import groups
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

MOST = 200


class Osborn(ModelSelectionMethod):
    card = Card(
        title="OSBORN",
        papers=(Paper("Building a Winning Team: Selecting Source Model Ensembles using a Submodular Transferability "
                      "Estimation Approach", 2023, arxiv="2309.02429"),),
        fidelity="core",
        claims=(Beats("ms-leep", on="tau", setting="ensembles"), Beats("e-leep", on="tau", setting="ensembles")),
        waivers={"knob:c": "a model alone has none to agree with, and where models are ranked one by one it is alone"},
    )

    a: float = param(1.0, "weight of the distance of features", low=0.0, high=10.0)
    b: float = param(1.0, "weight of what a task's kind leaves open, given the model's own", low=0.0, high=10.0)
    c: float = param(1.0, "weight of agreement, which counts between the models of a set", low=0.0, high=10.0)

    def learn(self, history):
        self.known = {}                 # single models are in many sets

    def score(self, model, task):
        return self.score_set([model], task)

    def score_set(self, models, task):
        alone = sum(self.apart(model, task) for model in models)
        pairs = [(p, q) for i, p in enumerate(models) for q in models[:i]]
        return -alone + self.c * sum(self.agreement(p, q) for p, q in pairs)

    def apart(self, model, task):
        key = id(model)
        if key not in self.known:
            own, ours = spread(len(model.own_kinds)), spread(len(model.features))
            y = groups(task)[ours]
            cost = torch.cdist(F.normalize(model.own_features[own], dim=1), F.normalize(model.features[ours], dim=1))
            cost = cost.double().square()
            pi = coupling(cost)
            joint = F.one_hot(y).double().T @ pi.T @ F.one_hot(model.own_kinds[own]).double()
            self.known[key] = (self.a * (pi * cost).sum() + self.b * conditional_entropy(joint)).item()
        return self.known[key]

    def agreement(self, one, other):
        many = one.guess.max() + 1, other.guess.max() + 1
        joint = F.one_hot(one.guess, int(many[0])).double().T @ F.one_hot(other.guess, int(many[1])).double()
        return cohesion(joint / joint.sum()).item()


def cohesion(joint):
    return -(conditional_entropy(joint) + conditional_entropy(joint.T)) / 2


def spread(many):
    """Every so many-th item, so that at most MOST are left."""
    return slice(None, None, -(-many // MOST))


def coupling(cost, rounds=50):
    """Entropic optimal transport between items of equal weight."""
    kernel = (-cost / (0.05 * cost.mean().clamp(min=1e-9))).exp().clamp(min=1e-200)
    v = torch.full_like(cost[0], 1 / cost.shape[1])
    for _ in range(rounds):
        u = 1 / len(cost) / (kernel @ v).clamp(min=1e-300)
        v = 1 / cost.shape[1] / (kernel.T @ u).clamp(min=1e-300)
    return u[:, None] * kernel * v
