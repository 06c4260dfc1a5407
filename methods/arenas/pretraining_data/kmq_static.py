"""kMQ, static: clusters by their size, and inside them passages by quality.

    budget of a cluster ~ its size;   inside, draws without replacement with probability ~ q(x)
    q(x) = exp(mean_i log p(x_i) - log max p(. | x_<i)) under the start

Departs from the paper: passages for instructions; quality is how near the model's own best guess is to the passage.

>>> 0.2 / 0.8                             # what stands there has 0.2, the best guess 0.8
0.25
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.quality import ClusterQuality
from methods.kit.method import Beats, Card, Paper


class KmqStatic(ClusterQuality, PretrainingDataMethod):
    card = Card(
        title="kMQ, static",
        papers=(Paper("Diversify and Conquer: Diversity-Centric Data Selection with Iterative Refinement", 2024,
                      arxiv="2409.11378", covers="the choice in one round"),),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte"),),
    )
