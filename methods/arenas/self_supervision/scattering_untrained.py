"""Scattering: the fixed wavelets of ScatSimCLR with an adapting layer that is not trained.

What wavelets say of a picture before anything is learnt: the lower end for methods that are built on them.

    f(x) = adapter(S x), weights as drawn

>>> features(4)                                                          # a mean, 2 x 4 and 4 x 4 moduli
25
"""

from torch import nn

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.scattering import Scattering
from methods.kit.method import Card


def features(directions):
    return Scattering(directions).channels


class ScatteringUntrained(SelfSupervisionMethod):
    card = Card(title="Scattering, untrained")

    def fit(self, task):
        out = max(1, task.features // 4)
        return nn.Sequential(Scattering(4), nn.BatchNorm2d(features(4)), nn.Conv2d(features(4), out, 3, padding=1),
                             nn.BatchNorm2d(out), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()).to(
                                 task.pictures.device)
