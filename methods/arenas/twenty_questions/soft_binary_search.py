"""Soft binary search: halve the weight of the kinds, and halve it softly, for answers may be wrong.

Each kind says yes or no to each question, as most of its drawings do. Asked is the question that splits the weight most
evenly; kinds that disagree with the answer keep a share of theirs.

    argmin_j |sum_k w_k s_kj|,  s_kj = +1 or -1;   w_k <- (1 - beta) w_k where s_kj is the answer, else beta w_k

Departs from the paper: the guess in the end is the arena's; beta is the mean share of drawings that are not like most
of their kind; ties go to the question asked least, then the first.

>>> import torch
>>> w, s = torch.tensor([[0.5, 0.25, 0.25]]), torch.tensor([[1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]])
>>> halving(w, s).tolist()                                                 # |1/2 - 1/4 - 1/4| and 1
[[0.0, 1.0]]
"""

from methods.arenas.twenty_questions.arena import QuestionsMethod
from methods.kit.method import Beats, Card, Paper


def halving(weight, said):
    """How unevenly each question (G, D) splits the weight (G, K), by what kinds say (K, D)."""
    return (weight @ said).abs()


class SoftBinarySearch(QuestionsMethod):
    card = Card(
        title="Soft-decision generalised binary search",
        papers=(Paper("Noisy Generalized Binary Search", 2009),),
        fidelity="core",
        claims=(Beats("random-questions", on="accuracy"),),
    )

    def prepare(self, task):
        self.said = (task.table > 0.5).to(task.table.dtype) * 2 - 1                                    # (K, D)
        self.beta = (0.5 - (task.table - 0.5).abs()).mean().clamp(0.01, 0.49)

    def ask(self, games, task):
        no = games.asked - games.yes
        agreed = games.yes @ (self.said.T > 0).to(no.dtype) + no @ (self.said.T < 0).to(no.dtype)        # (G, K)
        weight = (agreed * ((1 - self.beta) / self.beta).log()).softmax(1)
        return (halving(weight, self.said) + 1e-4 * games.asked).argmin(1)
