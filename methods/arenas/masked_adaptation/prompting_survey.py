"""Cloze prompt: no adaptation; a hidden word behind the text names the class, and the encoder is tuned by it.

    p(c | x) ~ p(word of c | x [MASK]); words of classes are chosen on the few labels

Departs from the paper: it is a survey; one of its comparisons, a cloze against a head. The template is the hidden word
alone, in place of the text's last; the head is a linear classifier of frozen states. Where words have classes there is
no prompt, and it is no adaptation.

>>> PromptingSurvey().adapts
False
"""

from methods.arenas.masked_adaptation.stage.prompts import Prompted
from methods.kit.method import Beats, Card, Paper


class PromptingSurvey(Prompted):
    card = Card(
        title="Cloze prompt",
        papers=(Paper("Pre-train, Prompt, and Predict: A Systematic Survey of Prompting Methods in Natural Language "
                      "Processing", 2021, arxiv="2107.13586", covers="a cloze against a head"),),
        fidelity="proxy",
        claims=(Beats("no-adaptation", on="error", setting="passages"),),
    )
    adapts = False
