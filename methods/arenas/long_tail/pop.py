"""POP: strike out candidate labels the network has come to doubt, a few more every epoch.

Starting from a partial-label loss (here PRODEN's), every epoch ends with a purification: a candidate whose
probability lies far enough below that of the likeliest candidate leaves the set. The distance demanded starts near
one, where the network is surely reliable, and is lowered whenever an epoch strikes out almost nothing, so the
reliable region grows outwards.

    S <- S \\ {j : f_m(x) - f_j(x) > e},   m = argmax_{c in S} f_c(x)
    e <- e * (1 - decrease)  when fewer than 1 in 1000 labels of the sets were struck

Departs from the paper: probabilities are those seen in passing during the epoch, averaged over past epochs with
weight one half, and e falls geometrically; the rule is the paper's written one, at every epoch after a warm-up. The
authors' code strikes what has less than a thousandth (growing) of the likeliest candidate's probability, averaged over
five epochs, at every fifth epoch after twenty, and takes its loss over several augmented views.

>>> import torch
>>> f, s = torch.tensor([[0.7, 0.2, 0.1]]), torch.tensor([[True, False, True]])
>>> purified(f, s, e=0.5).tolist(), purified(f, s, e=0.7).tolist()
([[True, False, False]], [[True, False, True]])
"""

from methods.arenas.long_tail.arena import LongTailMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def purified(f, candidates, e):
    """The candidates (N, C) less those whose f (N, C) lies more than e below the best candidate's."""
    best = f.masked_fill(~candidates, -1.0).max(1, keepdim=True).values
    return candidates & (best - f <= e)


class Pop(LongTailMethod):
    card = Card(
        title="Progressive purification (POP)",
        papers=(Paper("Progressive Purification for Instance-Dependent Partial Label Learning", 2022,
                      arxiv="2206.00830"),),
        fidelity="core",
        claims=(Beats("proden", on="balanced_accuracy", setting="partial-labels"),
                Beats("cross-entropy", on="balanced_accuracy", setting="partial-labels")),
        reduces_to=("proden", {"start": 1.0, "decrease": 0.0}),
        waivers={f"knob:{name}": "the default setting has one candidate per picture; acts under partial-labels"
                 for name in ("start", "decrease", "warm")},
    )

    start: float = param(0.95, "distance first demanded between best and doubted candidate", low=0.0, high=1.0)
    decrease: float = param(0.1, "by how much the distance falls after a quiet epoch", low=0.0, high=0.9)
    warm: float = param(0.15, "share of the budget before the first purification", low=0.0, high=1.0)

    def prepare(self, net, task):
        self.candidates, self.e, self.drawn = task.candidates.clone(), self.start, 0
        self.weights = self.candidates / self.candidates.sum(1, keepdim=True)           # (N, C)
        self.belief = self.weights.clone()

    def step(self, net, task):
        batch = task.draw()
        log_p = net(batch.x).log_softmax(1)
        loss = -(self.weights[batch.index] * log_p).sum(1).mean()
        loss.backward()
        kept = log_p.detach().exp() * self.candidates[batch.index] + 1e-12 * self.candidates[batch.index]
        self.weights[batch.index] = kept / kept.sum(1, keepdim=True)
        self.drawn += len(batch.y)
        if self.drawn >= len(task.y):
            self.drawn = 0
            self.belief = (self.belief + self.weights) / 2
            if task.progress >= self.warm:
                self.purify()
        return loss

    def purify(self):
        before = self.candidates
        self.candidates = purified(self.belief, before, self.e)
        self.weights = self.weights * self.candidates
        self.weights = self.weights / self.weights.sum(1, keepdim=True).clamp(min=1e-12)
        if (before & ~self.candidates).sum() < 0.001 * before.sum():
            self.e *= 1 - self.decrease
