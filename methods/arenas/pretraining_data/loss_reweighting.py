"""Loss-based reweighting: easy passages of a batch weigh less, and very hard ones no more than hard ones.

    l~ = losses brought to [-1, 1] in the batch;   w = softmax(h(l~) / r),   h(l~) = min(l~, cap)  (LinUpper)

h = 1 - l~^2 stresses the middle (quadratic). r falls from large, even weights, to its value at half of the training.

Departs from the paper: where the cap lies and how r falls are the arena's.

>>> [min(l, 0.5) for l in (-1.0, 0.0, 1.0)]
[-1.0, 0.0, 0.5]
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.weighing import standing, weights
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class LossReweighting(PretrainingDataMethod):
    card = Card(
        title="Loss-based reweighting (LinUpper)",
        papers=(Paper("Dynamic Loss-Based Sample Reweighting for Improved Large Language Model Pretraining", 2025,
                      arxiv="2502.06733"),),
        fidelity="core",
        claims=(Beats("random", on="bits_per_byte", setting="target"), Beats("extremes", on="bits_per_byte"),
                Beats("random", on="bits_per_byte")),
    )

    r: float = param(1.0, "sharpness at the end", low=0.2, high=5.0)
    cap: float = param(0.5, "above which a loss counts no more", low=-0.5, high=1.0)
    strategy: str = param("linupper", "what is stressed", choices=("linupper", "quadratic"))

    def weigh(self, losses, batch, net, task):
        at = standing(losses.detach())
        h = at.clamp(max=self.cap) if self.strategy == "linupper" else 1 - at.square()
        return weights(h, task.progress, self.r)
