"""PCP: the task's own text gets guessed labels, is filled into the prompt with them, hidden words are guessed there.

    y~ = class guessed from the few labels; L_MLM on (x, word of y~); then p(c | x) ~ p(word of c | x [MASK])

15 % of the words are hidden, the word of the class among all.

Departs from the paper: labels are guessed by a linear classifier of the start's states, where a prompt-tuned model does
it; words of classes are chosen on the few labels, where they are written by hand; the template is the word alone. Where
words have classes there is no prompt, and it is TAPT.

>>> Pcp().adapts
True
"""

import copy

import torch

from methods.arenas.masked_adaptation.stage.prompts import Prompted, by_words, filled, label_words
from methods.kit.method import Beats, Card, Paper


class Pcp(Prompted):
    card = Card(
        title="PCP",
        papers=(Paper("Don't Stop Pretraining? Make Prompt-based Fine-tuning Powerful Learner", 2023,
                      arxiv="2305.01711"),),
        fidelity="core",
        claims=(Beats("tapt-prompt", on="log_loss", setting="passages"),
                Beats("prompting-survey", on="log_loss", setting="passages")),
    )

    def prepare(self, task):
        net = task.start()
        if task.classes.dim() == 1:
            self.words = label_words(net, task)
            with torch.no_grad():
                said = task.tune(copy.deepcopy(net))(task.texts["own"]).argmax(1)
            task.texts["filled"] = filled(task.texts["own"], self.words[said])
        return net

    def draw(self, task):
        return task.draw("filled" if "filled" in task.texts else "own")

    def tune(self, net, task):
        return task.tune(net) if task.classes.dim() > 1 else by_words(net, task, self.words)
