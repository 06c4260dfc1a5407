"""L2P: a pool of prompts, looked up by what the frozen network sees.

The network is frozen; what is learned are prompts in a pool, each with a key. The features of a picture without
prompts are its query; the prompts with the most similar keys are put in front of its tokens, and the classifier
reads what becomes of them. Keys are pulled to the queries that chose them, and only the session's own classes
compete in training.

    loss = CE(g(mean of prompt outputs), y) + lam sum_chosen (1 - cos(q(x), k_i))

Departs from the paper: three prompts of three tokens are put in front, where the authors' code has four of ten; the
query is the mean over a picture's tokens, for there is no class token; and every picture has prompts of its own, where
that code gives all of a batch the ones chosen most often.

>>> import torch
>>> nearest_keys(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0], [3.0, 1.0], [1.0, 1.0]]), 2)[1].tolist()
[[1, 2]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def nearest_keys(query, keys, n):
    """Cosines (B, n) and places (B, n) of the n keys (M, D) closest to every query (B, D)."""
    return (F.normalize(query, dim=1) @ F.normalize(keys, dim=1).T).topk(n, dim=1)


class L2p(ClassIncrementalMethod):
    card = Card(
        title="Learning to prompt (L2P)",
        papers=(Paper("Learning to Prompt for Continual Learning", 2021, arxiv="2112.08654",
                      covers="the method"),
                Paper("PILOT: A Pre-Trained Model-Based Continual Learning Toolbox", 2023, arxiv="2309.07117",
                      covers="its finding that prompts on a frozen network beat classic replay on the same splits; "
                             "its common protocol is this arena's")),
        fidelity="core",
        claims=(Beats("fine-tune", on="average_accuracy"), Beats("ewc", on="average_accuracy"),
                Beats("icarl", on="average_accuracy", setting="rehearsal"),
                Beats("experience-replay", on="average_accuracy", setting="rehearsal")),
    )

    pool: int = param(10, "prompts in the pool", low=3, high=50)
    length: int = param(3, "tokens of a prompt", low=1, high=8)
    chosen: int = param(3, "prompts put in front of a picture", low=1, high=3)
    lam: float = param(0.5, "pull of chosen keys to the queries", low=0.0, high=2.0)

    def begin_session(self, net, session):
        if session.number == 0:
            net.requires_grad_(False)
            bound = net.width**-0.5
            net.prompts = nn.Parameter(torch.empty(self.pool, self.length, net.width).uniform_(-bound, bound))
            net.keys = nn.Parameter(torch.empty(self.pool, net.width).uniform_(-bound, bound))
            net.to(session.x.device)
        session.optimise(([net.prompts, net.keys, *net.head.parameters()], session.head_rate))

    def read(self, net, x):
        """What the classifier reads (B, D), and the cosines of the chosen keys (B, n)."""
        with torch.no_grad():
            query = net.features(x)
        cosines, which = nearest_keys(query, net.keys, self.chosen)
        prompts = net.prompts[which].flatten(1, 2)                                     # (B, n * length, D)
        h = net.norm(net.encode(torch.cat([prompts, net.embed(x)], 1)))
        return h[:, :prompts.shape[1]].mean(1), cosines

    def loss(self, net, session):
        x, y = session.draw()
        z, cosines = self.read(net, x)
        return F.cross_entropy(only(net.head(z), session.classes), y) + self.lam * (1 - cosines).sum(1).mean()

    def features(self, net, x):
        return self.read(net, x)[0]
