"""INSTRUCTEVAL: hold several tuned models to one suite of tests, and take the data of the one that does best.

Candidates are tuned on few right examples, on many that the model made, and on many it answered in other words. Each is
tried on seeds held back, on three axes: solving (right answers), writing (likelihood of the right answer) and alignment
(the right answer is likelier than a wrong one). The mean rank decides, and the winner's data are given back.

    D = argmin_D mean rank of (solving, writing, alignment) of a model tuned on D

Departs from the paper: its suite compares language models by questions of many fields, judged essays and pairs of
answers; here it has a few seeds to ask, and chooses.

>>> ranks(torch.tensor([0.2, 0.9, 0.5])).tolist()
[2, 0, 1]
"""

import torch

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples, nats
from methods.kit.method import Card, Paper
from methods.kit.params import param


def ranks(scores):
    """Places of scores, the highest is 0."""
    return scores.argsort(descending=True).argsort()


class InstructEval(TuningDataMethod):
    card = Card(
        title="INSTRUCTEVAL",
        papers=(Paper("INSTRUCTEVAL: Towards Holistic Evaluation of Instruction-Tuned Large Language Models", 2023,
                      arxiv="2306.04757"),),
        fidelity="proxy",
        needs_scale=("The quality of instruction data explains more of the scores than model size or tuning method.",),
    )

    steps: int = param(30, "steps for which each candidate is tuned", low=1, high=150)

    def make(self, task):
        half = torch.arange(len(task.seeds.asked), device=task.seeds.asked.device) % 12 < 6
        kept, held = task.seeds.rows(half), task.seeds.rows(~half)
        candidates = [kept, kept.joined(self._made(task, (0,))), kept.joined(self._made(task, (1, 2)))]
        axes = torch.tensor([self._tried(task, each, held) for each in candidates])
        best = int(torch.stack([ranks(axis) for axis in axes.T]).float().mean(0).argmin())
        return [candidates[best].joined(held)]

    def _made(self, task, forms):
        questions = task.questions(task.words(task.size, forms))
        return Examples(questions, task.answered(task.start, questions, task.demonstrations(questions))[0])

    def _tried(self, task, examples, held):
        net = task.tune(task.copy(), [examples], self.steps).eval()
        with torch.no_grad():
            said, _ = task.answered(net, held.asked)
            right, wrong = nats(net, held).sum(1), nats(net, Examples(held.asked, held.answers.roll(1, 0))).sum(1)
        return ((said == held.answers).all(1).float().mean().item(), -right.mean().item(),
                (right < wrong).float().mean().item())
