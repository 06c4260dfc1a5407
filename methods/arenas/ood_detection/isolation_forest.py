"""Isolation forest: what random cuts soon leave alone is not known.

    s(x) = -2^(-E[depth of x] / c(256)),   100 trees, each on 256 drawings

Follows the paper. The implementation is scikit-learn's, with its defaults.

>>> 2 ** -1.0
0.5
"""

import torch
from sklearn.ensemble import IsolationForest as Forest

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Card, Paper


class IsolationForest(OodDetectionMethod):
    card = Card(
        title="Isolation forest",
        papers=(Paper("Isolation Forest", 2008),),
        fidelity="faithful",
    )

    def fit(self, task):
        seed = int(torch.randint(2**31 - 1, (1,), generator=task.generator))
        self.forest = Forest(random_state=seed).fit(task.x.cpu().numpy())

    def score(self, x, task):
        return torch.from_numpy(self.forest.score_samples(x.cpu().numpy())).to(x.device)
