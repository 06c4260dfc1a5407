"""Max logit: the highest logit, before the softmax takes the others into account.

    s(x) = max_c z_c(x)

Follows the paper.

>>> import torch
>>> torch.tensor([[1.0, 4.0]]).amax(1).item()
4.0
"""

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Card, Paper


class MaxLogit(OodDetectionMethod):
    card = Card(
        title="Max logit",
        papers=(Paper("Scaling Out-of-Distribution Detection for Real-World Settings", 2019, arxiv="1911.11132"),),
        fidelity="faithful",
    )

    def score(self, x, task):
        return task.logits(x).amax(1)
