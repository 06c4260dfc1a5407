"""Pre-trained distillation: a small language model first, then the teacher's probabilities.

Pretraining and distilling are done one after the other: the student guesses hidden words, then learns on text without
labels what the teacher, tuned on the labels, thinks of it. Learning from the labels after that is possible and off.

    L = -sum_c p_T(c) log p_S(c), from weights that have guessed hidden words

Follows the paper.

>>> import torch
>>> told = torch.tensor([[[0.0, 1.0986123]]])                                              # 1/4, 3/4
>>> round(soft(told, told).item(), 4)                                    # 1/4 log 4 + 3/4 log 4/3
0.5623
"""

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.arenas.language_distillation.stage.task import soft
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


class PretrainedDistillation(LanguageDistillationMethod):
    card = Card(
        title="Pre-trained distillation",
        papers=(Paper("Well-Read Students Learn Better: On the Importance of Pre-training Compact Models", 2019,
                      arxiv="1908.08962"),),
        fidelity="faithful",
        claims=(Beats("distil-from-random", on="word_error"), Beats("pretrain-then-tune", on="word_error"),
                GainGrows("distil-from-random", on="word_error", to="other-domain")),
        needs_scale=("It holds for students of all depths and widths.",),
    )

    tuned: bool = param(False, "whether the last steps learn from the labels")

    def fit(self, task):
        net, last = task.student(pretrained=True), task.options.tuning
        task.read_on([net], lambda ids, rows: soft(net(ids), task.told[rows]), task.steps + last * (not self.tuned))
        if self.tuned:
            task.tune([net])
        return net
