"""CoMD: in each of four rounds the teacher writes more of what the student still answers much worse.

The first quarter is drawn by chance. Then, three times, a student of all answers so far is compared with the teacher on
the pool of questions: where the teacher is surer of its choice than the student by tau or more, the question is hard.
Half of the next questions are made of hard ones, each mixed with the picture of the pool that the student finds most
alike; the other half is drawn by chance.

    hard: p_T(c) - p_S(c) >= tau, c the teacher's first choice;   x = lam hard + (1 - lam) its neighbour,  lam ~ U(0, 1)

Departs from the paper: names of pictures stand in for answers to instructions and their probabilities for an assessor's
scores; mixtures for instructions that the teacher writes; the teacher learns nothing from the student (the paper's
feedback goes both ways); the student is trained anew in each round. The shares are ours; tau is the best of 0.1, 0.2
and 0.4 on validation pictures.

>>> import torch
>>> gap(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 1.0986123]])).round(decimals=2).item()         # 0.75 - 0.5
0.25
"""

import torch

from methods.arenas.teacher_queries.arena import TeacherQueriesMethod
from methods.arenas.teacher_queries.stage.hard import augmented, gap, hard_rows
from methods.arenas.teacher_queries.stage.nets import in_batches
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Comd(TeacherQueriesMethod):
    card = Card(
        title="CoMD",
        papers=(Paper("Unlock the Power: Competitive Distillation for Multi-Modal Large Language Models", 2023,
                      arxiv="2311.08213"),),
        fidelity="core",
        claims=(Beats("random-queries", on="accuracy"), Beats("one-round-hard", on="accuracy")),
    )
    rounds = 4

    tau: float = param(0.1, "gap from which a picture is hard", low=0.0, high=1.0)
    hard: float = param(0.5, "share of the next questions that is made of hard ones", low=0.0, high=1.0)

    def queries(self, task, many):
        if not len(task.asked):
            return task.pool[task.some(many)]
        student, made = task.student(), round(self.hard * many)
        gaps = gap(in_batches(student, task.asked), task.answers)
        harder = augmented(student, task, hard_rows(gaps, self.tau), made)
        return torch.cat([harder, task.pool[task.some(many - made)]])

