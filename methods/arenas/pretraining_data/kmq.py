"""kMQ, iterative: clusters whose passages turn out good for the model get more of the next round.

    draw a quarter of the budget by w, inside a cluster ~ q(x);   train;   s_j = mean q of the chosen of cluster j under
    the model now;   w_j <- s_j w_j / sum_c s_c w_c;   four rounds, w even at first
    q(x) = exp(mean_i log p(x_i) - log max p(. | x_<i))

Departs from the paper: passages for instructions; quality is how near the model's own best guess is to the passage.

>>> s, w = [0.5, 0.25], [0.5, 0.5]
>>> [round(a * b / sum(c * d for c, d in zip(s, w)), 3) for a, b in zip(s, w)]
[0.667, 0.333]
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.quality import ClusterQuality
from methods.kit.method import Beats, Card, Paper


class Kmq(ClusterQuality, PretrainingDataMethod):
    card = Card(
        title="kMQ, iterative",
        papers=(Paper("Diversify and Conquer: Diversity-Centric Data Selection with Iterative Refinement", 2024,
                      arxiv="2409.11378"),),
        fidelity="proxy",
        claims=(Beats("kmq-static", on="bits_per_byte"), Beats("random-rounds", on="bits_per_byte")),
    )
    rounds = 4
