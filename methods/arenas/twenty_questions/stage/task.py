"""What a method of asking questions is given, and what it knows in the middle of games."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from methods.kit.stage.arena import Trial


@dataclass
class Games:
    """Of G games: `asked` (G, D) how often each question was asked, `yes` (G, D) how often the answer was yes, and
    `belief` (G, K), the log of each kind's probability by the table, from an even start."""

    asked: Tensor
    yes: Tensor
    belief: Tensor
    turn: int = 0

    def told(self, question: Tensor, answer: Tensor, table: Tensor) -> Games:
        """The games after these questions (G,) were answered, yes where `answer` (G,) is True."""
        rows, heard = torch.arange(len(question), device=question.device), answer.to(self.yes.dtype)
        asked, yes = self.asked.clone(), self.yes.clone()
        asked[rows, question] += 1
        yes[rows, question] += heard
        chance = table[:, question].T
        belief = self.belief + torch.where(answer[:, None], chance, 1 - chance).log()
        return Games(asked, yes, belief.log_softmax(1), self.turn + 1)


@dataclass
class Task:
    """`table` (K, D): the share of some drawings of each kind whose answer to each question is yes. `turns` questions
    may be asked. What a method draws it draws from `generator`."""

    table: Tensor
    turns: int
    trial: Trial

    def __post_init__(self):
        self.generator = self.trial.generator("method")

    def start(self, many: int) -> Games:
        kinds, questions = self.table.shape
        none = self.table.new_zeros(many, questions)
        return Games(none, none, self.table.new_full((many, kinds), 1 / kinds).log())


def unsureness(p: Tensor) -> Tensor:
    """Entropy of a yes that comes with probability p, in nats."""
    return torch.special.entr(p) + torch.special.entr(1 - p)


def information(games: Games, table: Tensor) -> Tensor:
    """(G, D): how much the answer to each question is expected to lower the entropy of the belief, in nats."""
    share = games.belief.exp()
    return unsureness((share @ table).clamp(0, 1)) - share @ unsureness(table)
