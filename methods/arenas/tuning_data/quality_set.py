"""Quality set: right answers to few kinds of questions.

One of a pair of sets of the same size, of which this one has more quality and the other more diversity.

    D = (x, f(x)), words of form 0, a share w = 0 of answers wrong

Departs from the paper: a survey's protocol with one level of each axis; answers of a teacher, not of language models.

>>> QualitySet().wrong
0.0
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class QualitySet(TuningDataMethod):
    card = Card(
        title="Quality of synthetic data",
        papers=(Paper("Surveying the Effects of Quality, Diversity, and Complexity in Synthetic Data From Large "
                      "Language Models", 2024, arxiv="2412.02980", covers="quality against diversity"),),
        fidelity="proxy",
        claims=(Beats("diversity-set", on="answer_loss"),),
    )

    wrong: float = param(0.0, "share of wrong answers", low=0.0, high=1.0)
    size: int = param(400, "examples made", low=20, high=1200)

    def make(self, task):
        questions = task.questions(task.words(min(self.size, task.size)))
        return [task.seeds.joined(Examples(questions, task.spoilt(questions, self.wrong)))]
