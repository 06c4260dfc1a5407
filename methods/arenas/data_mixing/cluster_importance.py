"""Importance by nearest source: sources weigh as often as they are the nearest to a known passage of the target.

    p_s = share of known passages x whose argmax_s cos(h(x), mean h of source s) is s

h are mean states of the start, less the middle of all sources' means, which are taken over validation passages.

Follows the textbook.

>>> [["code", "code", "news"].count(s) / 3 for s in ("code", "news")]
[0.6666666666666666, 0.3333333333333333]
"""

import torch
import torch.nn.functional as F

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.lm_reading import mean_states
from methods.kit.method import Card


class ClusterImportance(DataMixingMethod):
    card = Card(title="Importance by nearest source")

    def prepare(self, task):
        centres = torch.stack([mean_states(task.start, each).mean(0) for each in task.validation])
        known = mean_states(task.start, task.known)
        middle = centres.mean(0)
        near = (F.normalize(known - middle, dim=1) @ F.normalize(centres - middle, dim=1).T).argmax(1)
        self.weights = torch.bincount(near, minlength=task.many) / len(known)

    def mixture(self, task):
        return self.weights
