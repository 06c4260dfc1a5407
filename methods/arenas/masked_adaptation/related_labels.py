"""Labels of a relative: no adaptation, but labels of a related language beside the few of the task's.

    theta = theta_0; labels of 200 windows of a language that shares 70 % of the words

Departs from the paper: words of invented languages stand for sounds, as in continued pretraining for Ainu. Only
`new-language` has a related language, elsewhere it is no adaptation.

>>> RelatedLabels().adapts
False
"""

import torch

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Beats, Card, Paper

TITLE = ("Adapting Multilingual Speech Representation Model for a New, Underresourced Language through Multilingual "
         "Fine-tuning and Continued Pretraining")


class RelatedLabels(MaskedAdaptationMethod):
    card = Card(
        title="Labels of a relative",
        papers=(Paper(TITLE, 2023, arxiv="2301.07295", covers="labels of a related language"),),
        fidelity="proxy",
        claims=(Beats("no-adaptation", on="log_loss", setting="new-language"),),
    )
    adapts = False

    def tune(self, net, task):
        if task.related_classes is None:
            return task.tune(net)
        return task.tune(net, torch.cat([task.labelled, task.texts["related"]]),
                         torch.cat([task.classes, task.related_classes]))
