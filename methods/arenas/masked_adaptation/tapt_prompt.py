"""TAPT and a prompt: hidden words of the task's own text, then tuning by a hidden word that names the class.

    L_MLM on own text; then p(c | x) ~ p(word of c | x [MASK])

What pretraining by filled prompts is compared with. Where words have classes there is no prompt, and it is TAPT.

>>> TaptPrompt().adapts
True
"""

from methods.arenas.masked_adaptation.stage.prompts import Prompted
from methods.kit.method import Card


class TaptPrompt(Prompted):
    card = Card(title="TAPT and a prompt")

    def draw(self, task):
        return task.draw("own")
