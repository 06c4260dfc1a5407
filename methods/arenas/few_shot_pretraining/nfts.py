"""NFTS: search which layers to adapt, and how, and let each episode choose among the best ways.

Beside every layer of a trained network stand an adapter and a copy that may move. A supernet of all 4^4 paths learns
them, each training episode along a path of its own. Evolution then looks for paths that, after a few steps on an
episode's drawings, name the queries of validation episodes best; the best three that differ enough are kept. In a test
episode all three are adapted, and the one with the lowest loss on the given drawings answers.

    a layer gives  W x,  W x + A x,  W' x  or  W' x + A x;   loss = CE(10 cos(f(x), m_c), y)
    path = argmin over the kept three of the loss on the given drawings after five steps

Departs from the paper: network and optimisers are the arena's; 4 layers; 20 paths are tried on two validation episodes
each (paper: thousands); paths differ enough if two of their eight choices do; Adam in place of Adadelta, five steps.

>>> import torch
>>> differ((0, 1, 2, 3), (0, 1, 2, 0)), differ((1, 0, 0, 0), (2, 0, 0, 0)), differ((0, 0, 0, 0), (0, 1, 0, 0))
(2, 2, 1)
"""

import torch

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.adapted import PATHS, adapted, answers, supernet
from methods.arenas.few_shot_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

FIRST, CHILDREN, PARENTS, EPISODES = 8, 6, 4, 2


def differ(a, b):
    """How many of the eight choices of two paths are not the same."""
    return sum((i ^ j).bit_count() for i, j in zip(a, b, strict=True))


class Nfts(PretrainingMethod):
    card = Card(
        title="NFTS",
        papers=(Paper("Neural Fine-Tuning Search for Few-Shot Learning", 2023, arxiv="2306.09295"),),
        fidelity="core",
        claims=tuple(Beats(rival, on="accuracy", setting=setting) for setting in ("default", "other-domain")
                     for rival in ("adapt-all", "adapt-none", "random-path")),
    )
    adapts = True

    rate: float = rate_factor(3.0)
    pace: float = param(1.0, "factor on the rate of the steps in an episode", choices=(0.3, 1.0, 3.0))
    kept: int = param(3, "paths that an episode chooses from", low=1, high=6)

    def fit(self, task):
        self.net = supernet(task, self.rate)
        rank = self.search(task)
        self.paths = [rank[0]]
        for path in rank[1:]:
            if len(self.paths) < self.kept and all(differ(path, other) >= 2 for other in self.paths):
                self.paths.append(path)
        return self.net.encoder

    def search(self, task):
        """Paths that were tried, the best first."""
        asked, y = task.practice(self.net.encoder, adapts=True)
        found = {}

        def drawn(many):
            return torch.randint(many, (1,), generator=task.generator).item()

        def tried(path):
            if path not in found:
                right = []
                for e in range(EPISODES):
                    weights, _ = adapted(self.net, path, asked.support_x[e], self.pace)
                    said = answers(self.net, path, weights, asked.support_x[e], asked.query_x[e]).argmax(1)
                    right.append((said == y[e])[y[e] >= 0].double().mean().item())
                found[path] = sum(right)

        for _ in range(FIRST):
            tried(PATHS[drawn(len(PATHS))])
        for _ in range(2):
            parents = sorted(found, key=found.get, reverse=True)[:PARENTS]
            for _ in range(CHILDREN):
                one, two = parents[drawn(len(parents))], parents[drawn(len(parents))]
                child = tuple((one, two)[drawn(2)][i] for i in range(4))
                at, bit = drawn(4), 1 + drawn(2)
                tried((*child[:at], child[at] ^ bit, *child[at + 1:]))
        return sorted(found, key=found.get, reverse=True)

    def settle(self, net, task):
        """As they were when the adapters learnt."""

    def classify(self, asked, task):
        drawings = asked.support_x[0]
        ready = [(*adapted(self.net, path, drawings, self.pace), path) for path in self.paths]
        weights, _, path = min(ready, key=lambda one: one[1])
        return answers(self.net, path, weights, drawings, asked.query_x[0])[None]
