"""AgentInstruct: raw seeds are transformed, turned into many kinds of instruction, and refined.

Agents here are rules. The first changes a seed's content: its answer becomes a question, its digits turn or move on.
The second asks each in every word of every task. The third refines twice: a suggester points at what is easy, two equal
neighbours, and an editor changes it. The teacher answers.

    x -> {y, x backwards, x moved by one place, x + 1} + 2 k, k in 0 ... 4, some of them drawn
    (word, x) for words of all forms;   twice: x_i <- x_i + 3 where x_i = x_(i+1)

Departs from the paper: agents are rules and not language models, with one teacher; the taxonomy is tasks by words.

>>> refined(torch.tensor([[1, 1, 2, 3]])).tolist()
[[4, 1, 2, 3]]
"""

import torch

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def refined(x):
    """Digits (N, 4) with each that equals its right neighbour moved on by three."""
    easy = torch.cat([x[:, :-1] == x[:, 1:], torch.zeros_like(x[:, :1], dtype=torch.bool)], 1)
    return torch.where(easy, (x + 3) % 10, x)


class AgentInstruct(TuningDataMethod):
    card = Card(
        title="AgentInstruct",
        papers=(Paper("AgentInstruct: Toward Generative Teaching with Agentic Flows", 2024, arxiv="2407.03502"),),
        fidelity="core",
        claims=(Beats("one-template", on="unseen_word_loss"), Beats("seeds-only", on="answer_loss")),
    )

    size: int = param(400, "examples made", low=20, high=1200)
    rounds: int = param(2, "rounds of refinement", low=0, high=5)

    def make(self, task):
        many, x = min(self.size, task.size), task.seeds.asked[:, 1:5]
        raw = torch.cat([task.seeds.answers, x.flip(1), x.roll(1, 1), (x + 1) % 10])
        moved = (raw[:, None] + torch.arange(0, 10, 2, device=x.device)[:, None]) % 10
        content = moved.flatten(0, 1)[torch.randperm(len(raw) * 5).to(x.device)]
        digits = content[torch.arange(many, device=x.device) % len(content)]
        for _ in range(self.rounds):
            digits = refined(digits)
        questions = task.questions(task.words(many, forms=range(task.forms)), digits)
        return [task.seeds.joined(Examples(questions, task.taught(questions)))]
