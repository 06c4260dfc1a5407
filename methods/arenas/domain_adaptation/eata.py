"""ETA: learn only from answers that are sure enough and say something new.

Of a batch met at test time, unsure pictures give wrong gradients and pictures like those before give none that is
worth it. ETA lowers the entropy of those alone whose entropy is below a bound and whose probabilities point elsewhere
than the running mean of all that were learnt from; the surer, the more they count. Only the scales and shifts of the
normalisation are trained, as in TENT.

    S(x) = exp(E_0 - H(x)) * [H(x) < E_0] * [|cos(f(x), m)| < eps],   loss = mean of S(x) H(x)       (eq. 3-6)
    m <- 0.9 * m + 0.1 * mean f(x) of those learnt from

EATA is this and a penalty that holds weights important to the source, by the Fisher information of 2,000 of its test
pictures. There are none in a stream, so the penalty is left out; the paper calls the rest ETA.

Departs from the paper: without the penalty against forgetting; the average runs over those learnt from, as in the
authors' code; E_0 is 0.4 ln C and eps 0.4, which it has for ten classes. Where no picture passes, no step is made.

>>> import torch
>>> share = weights(torch.tensor([0.1, 2.0]), torch.eye(2), torch.tensor([0.0, 1.0]), 1.0, 0.4)
>>> [round(v, 4) for v in share.tolist()]                      # exp(1 - 0.1), and too unsure (and too familiar)
[2.4596, 0.0]
"""

import math

import torch
import torch.nn.functional as F

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import affine, batch_statistics, entropy
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def weights(h, p, mean, bound, near):
    """(B,) how much pictures with entropies h and probabilities p (B, C) count; `mean` (C,) or None so far."""
    wanted = h < bound
    if mean is not None:
        wanted = wanted & (F.cosine_similarity(mean[None], p, dim=1).abs() < near)
    return (bound - h).exp() * wanted


class Eata(DomainAdaptationMethod):
    card = Card(
        title="ETA (EATA without its Fisher penalty)",
        papers=(Paper("Efficient Test-Time Model Adaptation without Forgetting", 2022, arxiv="2204.02610",
                      covers="the choice of samples (ETA), without the penalty against forgetting"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="test-time"),
                Beats("adabn", on="target_accuracy", setting="test-time"),
                Beats("tent", on="target_accuracy", setting="test-time")),
        waivers={f"knob:{name}": "the small network of the checks is too unsure for a picture to be learnt from"
                 for name in ("bound", "near", "rate")},
    )

    bound: float = param(0.4, "highest entropy learnt from, as a share of that of a guess", low=0.05, high=1.0)
    near: float = param(0.4, "cosine with the running mean from which a picture says nothing new", low=0.0, high=1.0)
    rate: float = param(1.0, "step size, in multiples of the arena's", low=0.0, high=10.0)

    def begin(self, net, task):
        if task.number == 0:
            self.mean = None
        task.optimise((affine(net), self.rate))

    def loss(self, net, task):
        _, x = task.target()
        if len(x) < 2:
            return None
        with batch_statistics(net):
            p = net(x).softmax(1)
        h = entropy(p)
        with torch.no_grad():
            share = weights(h, p, self.mean, self.bound * math.log(task.classes), self.near)
            learnt = share > 0
            if not learnt.any():
                return None
            newest = p[learnt].mean(0)
            self.mean = newest if self.mean is None else 0.9 * self.mean + 0.1 * newest
        return (share * h)[learnt].mean()

    def scores(self, net, x):
        if len(x) < 2:
            return net(x)
        with batch_statistics(net):
            return net(x)
