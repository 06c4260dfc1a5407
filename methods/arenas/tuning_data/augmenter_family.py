"""Augmenter family: a small model learns from a teacher to enlarge seeds, and then does so alone.

The teacher writes a few expansions: new questions in the word of a seed, with answers. A model is trained to write both
after the seed, and draws the rest of the data; what comes twice is left out.

    augmenter: max log p(x', y' | seed);   D = seeds, x' ~ augmenter after a seed and the word, y' ~ after a seed and x'

Departs from the paper: of the family the one that makes pairs of question and answer; it is as large as the model that
is tuned; quality is judged by the augmenter's own likelihood of answers, the least likely fifth being left out.

>>> kept(torch.tensor([-1.0, -9.0, -2.0, -3.0, -4.0])).tolist()
[0, 2, 3, 4]
"""

import torch

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples, drawn_pieces
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param

FIGURES = (0, 10)       # the pieces that a question's digits are drawn from


def kept(log_p):
    """Rows but for the least likely fifth, in their order."""
    return log_p.topk(len(log_p) - len(log_p) // 5).indices.sort().values


class AugmenterFamily(TuningDataMethod):
    card = Card(
        title="Augmenter family",
        papers=(Paper("Building a Family of Data Augmentation Models for Low-cost LLM Fine-tuning on the Cloud", 2024,
                      arxiv="2412.04871"),),
        fidelity="core",
        claims=(Beats("seeds-only", on="answer_loss"), Beats("word-edits", on="answer_loss"),
                Matches("teacher-made", on="answer_loss", within=0.1)),
    )

    taught: int = param(120, "expansions that the teacher writes", low=6, high=1200)
    steps: int = param(75, "steps of training the augmenter", low=0, high=150)

    def make(self, task):
        asked = task.questions(task.words(self.taught, purpose="first words"), purpose="first digits")
        shown = task.demonstrations(asked, purpose="seeds to expand")
        pairs = Examples(torch.cat([shown.asked, shown.answers], 1), torch.cat([asked, task.taught(asked)], 1))
        augmenter = task.tune(task.copy(), [pairs], self.steps).eval()
        words = task.words(task.size)
        seeds = task.demonstrations(words[:, None], purpose="seeds of new questions")
        figures, _ = drawn_pieces(augmenter, torch.cat([seeds.asked, seeds.answers, words[:, None]], 1),
                                  seeds.answers.shape[1], FIGURES, task.trial.generator("new questions"), 1.0)
        questions = torch.unique(task.questions(words, figures), dim=0)
        answers, log_p = task.answered(augmenter, questions, task.demonstrations(questions), 0.5)
        return [task.seeds.joined(Examples(questions, answers).rows(kept(log_p)))]
