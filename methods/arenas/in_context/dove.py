"""DOVE: cross all ways to write a prompt, and take the one that does best on a few questions.

What a prompt scores depends on choices that nobody thinks about, and on their combination. All combinations of which
demonstrations, how many, in which order and in blocks or not answer a few questions, and the best one is used.

    form = argmax over the cross product of the share of words right in n questions

Departs from the paper: the paper is a collection of such answers of large models; the choices here are those that
prompts of word pairs have, 24 forms, and the small sample is one question of each of eight tasks.

>>> from methods.arenas.in_context.stage.wording import forms
>>> len(forms(4)), forms(4)[0]
(24, Form(which='random', many=1, order='best last', block=0))
"""

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.wording import forms, judged, shown
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Dove(InContextMethod):
    card = Card(
        title="DOVE",
        papers=(Paper("DOVE: A Large-Scale Multi-Dimensional Predictions Dataset Towards Meaningful LLM Evaluation",
                      2025, arxiv="2503.01622"),),
        fidelity="proxy",
        claims=(Matches("best-form", on="word_accuracy", within=1.0), Beats("random-form", on="word_accuracy")),
    )

    questions: int = param(8, "questions a form is judged by", low=1, high=60)

    def choose(self, asked, task):
        return shown(forms(task.shots)[int(judged(task, self.questions).argmax())], asked, task)
