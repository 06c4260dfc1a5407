"""Learning by teaching: weigh an answer by how well it teaches.

Each sampled answer is shown, with its question, to students, other models, before exam questions in the same word whose
answers are known. The share of exam digits that the students then answer rightly is the answer's weight in a vote.

    w_i = mean over students and exam digits of 1[argmax p_student(. | x, y_i, x') = y'];   y = argmax_y sum_i w_i
    1[y_i = y]

Departs from the paper: only its first method, which draws and weighs; there is no reasoning in an answer; students are
read with the known exam answer before each digit, so that an exam costs one reading.

>>> most_agreed(torch.tensor([[[1], [2], [2]]]), torch.tensor([[0.9, 0.4, 0.4]]))[0].tolist()
[[1]]
"""

import torch

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import most_agreed
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


@torch.no_grad()
def passed(net, prompts, answers):
    """(N,) share of pieces of an answer that are the likeliest after those before them."""
    ids = torch.cat([prompts, answers], 1)
    said = torch.cat([net(part[:, :-1])[:, prompts.shape[1] - 1:].argmax(2) for part in ids.split(4000)])
    return (said == answers).float().mean(1)


class LearningByTeaching(SelfImprovementMethod):
    card = Card(
        title="Learning by teaching",
        papers=(Paper("Can LLMs Learn by Teaching? A Preliminary Study", 2024, arxiv="2406.14629",
                      covers="the first of its three methods"),),
        fidelity="core",
        claims=(Beats("majority-vote", on="exact_match"), Beats("best-of-n-likelihood", on="exact_match")),
    )

    exam: int = param(2, "exam questions for an answer", low=1, high=8)
    students: int = param(2, "students, 0 for the teacher itself", low=0, high=2)

    def answer(self, net, asked, task):
        said, _ = task.sample(net, asked, task.samples)
        shown = torch.cat([asked.repeat_interleave(task.samples, 0), said.flatten(0, 1)], 1)
        once, where = torch.unique(shown, dim=0, return_inverse=True)
        same = (once[:, :1] == task.labelled.asked[:, 0]).float() + 1e-6
        rows = torch.multinomial(same.cpu(), self.exam, generator=task.trial.generator("exams")).flatten().to(
            asked.device)
        prompts = torch.cat([once.repeat_interleave(self.exam, 0), task.labelled.asked[rows]], 1)
        students = task.others[:self.students] or [net]
        score = torch.stack([passed(student, prompts, task.labelled.answers[rows]) for student in students]).mean(0)
        weights = score.view(len(once), self.exam).mean(1)[where].view(said.shape[:2])
        return most_agreed(said, weights + 1e-3)
