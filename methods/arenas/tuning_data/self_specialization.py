"""Self-specialization: questions made up from seeds, answered with retrieved passages of the domain in the prompt.

The model makes up questions in the words of the seeds. For each, the most similar unlabelled question of its task is
retrieved, and the model, shown a seed, works it out first; both the seed's and the retrieved one's answer are then
tried as what stands before the question, and the surer answer is kept. What comes twice is left out.

    z = argmax_z sim(x, z);   y = argmax over {seed, (z, y_z)} of p(y | shown, x)

Departs from the paper: similarity counts equal digits in place of BM25 over documents; what is retrieved is a question
that the model itself has answered; questions are made up after the word alone, with no seed in sight; which of two
prompts is surer decides, where there the passage is always read; all weights are tuned, not low-rank ones; one round.

>>> similarity(torch.tensor([[1, 2]]), torch.tensor([[1, 3], [1, 2]])).tolist()
[[1, 2]]
"""

import torch

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Beats, Card, Paper


def similarity(x, z):
    """(N, M) how many pieces are the same at the same place."""
    return (x[:, None] == z).sum(2)


class SelfSpecialization(TuningDataMethod):
    card = Card(
        title="Self-specialization",
        papers=(Paper("Self-Specialization: Uncovering Latent Expertise within Large Language Models", 2023,
                      arxiv="2310.00160"),),
        fidelity="core",
        claims=(Beats("seeds-only", on="answer_loss"), Beats("general-tuning", on="answer_loss")),
    )

    def make(self, task):
        questions = torch.unique(task.imagined(task.start, task.words(task.size)), dim=0)
        shown = task.demonstrations(questions)
        same = (task.unlabelled[:, :1] == questions[:, 0]).T
        near = task.unlabelled[(similarity(questions[:, 1:5], task.unlabelled[:, 1:5]) + 10 * same).argmax(1)]
        passages = Examples(near, task.answered(task.start, near, task.demonstrations(near))[0])
        tries = [task.answered(task.start, questions, each) for each in (shown, passages)]
        surer = (tries[1][1] > tries[0][1])[:, None]
        return [task.seeds.joined(Examples(questions, torch.where(surer, tries[1][0], tries[0][0])))]
