"""SINC: prompts of clusters with labels dealt anew, which nobody had to give.

    y = cluster of x by k-means, dealt to five labels in each prompt; L = - log p(y_q | pairs, x_q)

In nine prompts of ten the pairs are of the queries' clusters (bursts), in the others of any, and say nothing.

Departs from the paper: vectors are principal components of drawings, where it has those of pictures with text, and
clusters are its only pseudo task here; 200 clusters and the share of bursts are ours; in `regression` there is nothing
to cluster, and functions take the place.

>>> Sinc().values()
{'burst': 0.9, 'clusters': 200}
"""

from methods.arenas.in_context_learning.stage.pseudo import Pseudo
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Sinc(Pseudo):
    card = Card(
        title="SINC",
        papers=(Paper("SINC: Self-Supervised In-Context Learning for Vision-Language Tasks", 2023,
                      arxiv="2307.07742"),),
        fidelity="core",
        claims=(Beats("linear-probe", on="accuracy", by=1.0), Beats("no-bursts", on="accuracy", by=3.0)),
        reduces_to=("no-bursts", {"burst": 0.0}),
    )

    burst: float = param(0.9, "share of prompts whose pairs are of the queries' clusters", low=0.0, high=1.0)
    clusters: int = param(200, "how many clusters", low=10, high=1000)
