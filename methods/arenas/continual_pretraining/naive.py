"""Plain continued training: read the new text as the old one was read.

A model that has read much English and little else goes on with text of one language, in the same pieces, with a fresh
optimizer and a small part of what its first training cost.

    L = mean -log p(x_i | x_<i),   theta from theta_0,   80 steps after 1,500

Departs from the paper: the start has read no Portuguese at all, and bits per byte stand in for few-shot tasks;
optimizer, warm-up and cosine are the arena's.

>>> from methods.arenas.continual_pretraining.arena import warm_cosine
>>> round(warm_cosine(0.55, 0.1, 0.1, 100), 2)
0.55
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.kit.method import Beats, Card, Paper


class Naive(ContinualPretrainingMethod):
    card = Card(
        title="Plain continued training",
        papers=(Paper("Sabiá: Portuguese Large Language Models", 2023, arxiv="2304.07880"),),
        fidelity="core",
        claims=(Beats("no-training", on="new_bpb", by=1.0), Beats("from-scratch", on="new_bpb", by=0.2)),
    )
    rate_factor = 1 / 3
