"""Fine-tuned language model: how likely a text is by a model that has read other text, and then normal texts.

    s(x) = mean over i of log p_tuned(x_i | x_<i)

Follows the textbook.

>>> FineTunedLm.slug()
'fine-tuned-lm'
"""

from methods.arenas.text_novelty.arena import TextNoveltyMethod
from methods.arenas.text_novelty.stage.task import likelihood
from methods.kit.method import Card


class FineTunedLm(TextNoveltyMethod):
    card = Card(title="Fine-tuned language model")

    def score(self, windows, task):
        return likelihood(task.tuned(), windows)
