"""Diversity set: questions in all words, of whose answers a fifth is wrong.

One of a pair of sets of the same size, of which the other has more quality and this one more diversity.

    D = (x, f(x)), words of all forms, a share w = 0.2 of answers wrong

Departs from the paper: a survey's protocol with one level of each axis; answers of a teacher, not of language models.

>>> DiversitySet().wrong
0.2
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class DiversitySet(TuningDataMethod):
    card = Card(
        title="Diversity of synthetic data",
        papers=(Paper("Surveying the Effects of Quality, Diversity, and Complexity in Synthetic Data From Large "
                      "Language Models", 2024, arxiv="2412.02980", covers="diversity against quality"),),
        fidelity="proxy",
        claims=(Beats("quality-set", on="unseen_word_loss"),),
    )

    wrong: float = param(0.2, "share of wrong answers", low=0.0, high=1.0)
    size: int = param(400, "examples made", low=20, high=1200)

    def make(self, task):
        questions = task.questions(task.words(min(self.size, task.size), forms=range(task.forms)))
        return [task.seeds.joined(Examples(questions, task.spoilt(questions, self.wrong)))]
