"""Re-warming: raise the rate to its old height on the new text, and let it fall again.

    eta_t = eta_max t / (w T)  for t < w T,   then a cosine from eta_max to 0.1 eta_max

Here w is 2 % of the steps and eta_max the height that the start was trained at (0.01). Lower heights learn less of the
new and forget less of the old; no warm-up at all makes no difference; both are other files.

Departs from the paper: 80 steps in place of billions of pieces, so that 2 % are less than two steps: the warm-up lowers
the rate of the first at most.

>>> from methods.arenas.continual_pretraining.arena import warm_cosine
>>> [round(warm_cosine(p, 0.02, 0.1, 100), 2) for p in (0.0, 0.01, 0.51, 1.0)]
[0.5, 1.0, 0.55, 0.1]
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod, warm_cosine
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Rewarming(ContinualPretrainingMethod):
    card = Card(
        title="Re-warming",
        papers=(Paper("Continual Pre-Training of Large Language Models: How to (re)warm your model?", 2023,
                      arxiv="2308.04014", covers="warm-up to the old height"),),
        fidelity="faithful",
        claims=(Matches("no-warm-up", on="new_bpb", within=0.02), Beats("rewarm-low", on="new_bpb"),
                Beats("from-scratch", on="new_bpb"), Beats("constant-rate", on="new_bpb")),
        reduces_to=("no-warm-up", {"w": 0.0}),
    )
    rate_factor = 10 / 3

    w: float = param(0.02, "share of the steps in which the rate rises", low=0.0, high=0.5)

    def rate(self, task):
        return warm_cosine(task.progress, self.w, 0.1, task.steps)
