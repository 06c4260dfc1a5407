"""Cloze prompt: a class begins as what its words mean in a pattern, and everything then learns from the labels.

    w_c = mean of v / |v| over the pattern's fillings v of class c, of length s;   L = CE(y, W (x + adapter(x)))

The survey's prompts against its fine-tuning: the same network and steps, a head of words in place of one drawn anew, so
what separates them is the prompt alone.

Departs from the paper: it is a survey; a sentence's vector is compared with those of filled patterns, where a language
model fills a mask beside the sentence.

>>> import torch
>>> verbalised(torch.tensor([[[3.0, 0.0]], [[0.0, 2.0]]]), 4.0).tolist()
[[4.0, 0.0], [0.0, 4.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.few_shot_text.arena import FewShotTextMethod
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def verbalised(phrases, scale):
    """(C, D) the directions of each class's phrases (C, P, D), of length `scale`."""
    return scale * F.normalize(F.normalize(phrases, dim=2).mean(1), dim=1)


class ClozePrompt(FewShotTextMethod):
    card = Card(
        title="Cloze prompt",
        papers=(Paper("Recent Advances in Natural Language Processing via Large Pre-Trained Language Models: A Survey",
                      2021, arxiv="2111.01243", covers="prompts against fine-tuning"),),
        fidelity="proxy",
        claims=(Beats("fine-tune", on="accuracy", by=1.0),
                GainGrows("fine-tune", on="accuracy", to="default", from_="more-labels", by=1.0)),
    )

    scale: float = param(10.0, "length of the classes' first weights", low=1.0, high=50.0)

    def fit(self, task):
        net = task.net()
        with torch.no_grad():
            net.head.weight.copy_(verbalised(task.phrases, self.scale))
            net.head.bias.zero_()
        return task.train(net, task.x, task.y)
