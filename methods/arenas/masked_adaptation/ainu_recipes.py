"""Continued pretraining for a small language: hidden words of its text, then few labels.

    L = - mean over chosen t of log p(x_t | x~), x from the task's language; then labels

Departs from the paper: words of an invented language stand for sounds, hidden words for its contrast of sounds, classes
of words for letters. Only `new-language` has a related language.

>>> AinuRecipes().values()
{}
"""

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Beats, Card, Paper

TITLE = ("Adapting Multilingual Speech Representation Model for a New, Underresourced Language through Multilingual "
         "Fine-tuning and Continued Pretraining")


class AinuRecipes(MaskedAdaptationMethod):
    card = Card(
        title="Continued pretraining for Ainu",
        papers=(Paper(TITLE, 2023, arxiv="2301.07295", covers="continued pretraining, then labels"),),
        fidelity="proxy",
        claims=(Beats("no-adaptation", on="log_loss", setting="new-language", by=0.02),
                Beats("related-labels", on="log_loss", setting="new-language")),
        reduces_to=("dapt", {}),
    )
