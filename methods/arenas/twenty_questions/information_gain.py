"""Information gain: ask what is expected to lower the entropy of the belief the most.

Greedy, and aware that answers are noisy: a question whose answer is a toss-up for every kind says nothing.

    argmax_j  H(sum_k b_k p_kj) - sum_k b_k H(p_kj),   b the belief, H the entropy of a yes or no

Departs from the paper: it has the measure; to ask by it greedily, one question after the other, came later.

>>> import torch
>>> from methods.arenas.twenty_questions.stage.task import Games, information
>>> games = Games(torch.zeros(1, 2), torch.zeros(1, 2), torch.tensor([[0.5, 0.5]]).log())
>>> [round(v, 3) for v in information(games, torch.tensor([[0.9, 0.5], [0.1, 0.5]]))[0].tolist()]   # log 2 - H(0.1)
[0.368, 0.0]
"""

from methods.arenas.twenty_questions.arena import QuestionsMethod
from methods.arenas.twenty_questions.stage.task import information
from methods.kit.method import Card, Paper


class InformationGain(QuestionsMethod):
    card = Card(
        title="Information gain",
        papers=(Paper("On a Measure of the Information Provided by an Experiment", 1956),),
        fidelity="core",
    )

    def ask(self, games, task):
        return information(games, task.table).argmax(1)
