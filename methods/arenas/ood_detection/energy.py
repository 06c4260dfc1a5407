"""Energy: the log of the summed exponentials of all logits, which softmax divides out.

    s(x) = T log sum_c exp(z_c(x) / T),   T = 1

Follows the paper. Its way without fine-tuning on other drawings.

>>> import torch
>>> round(torch.tensor([[0.0, 0.0]]).logsumexp(1).item(), 4)                                            # log 2
0.6931
"""

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Energy(OodDetectionMethod):
    card = Card(
        title="Energy",
        papers=(Paper("Energy-based Out-of-distribution Detection", 2020, arxiv="2010.03759"),),
        fidelity="faithful",
    )

    temperature: float = param(1.0, "of the exponentials", low=0.01, high=100.0)

    def score(self, x, task):
        return self.temperature * (task.logits(x) / self.temperature).logsumexp(1)
