"""Policies that ask by what was answered so far, learnt by playing, and how hard a world is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from methods.arenas.twenty_questions.stage.task import Games, Task, information

HIDDEN, SHARPNESS = 64, 20.0


class Policy(nn.Module):
    """Games to logits of the questions (G, D): a little network's word, added to the expected information, of which it
    starts. What it sees are the belief, how often each question was asked and answered yes, and the turn."""

    def __init__(self, task: Task):
        super().__init__()
        kinds, questions = task.table.shape
        self.table, self.turns = task.table, task.turns
        self.net = nn.Sequential(nn.Linear(kinds + 2 * questions + 1, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, questions))
        last: nn.Linear = self.net[2]  # type: ignore[assignment]  # it is one
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.to(task.table.device)

    def forward(self, games: Games) -> Tensor:
        turn = games.belief.new_full((len(games.belief), 1), games.turn / self.turns)
        seen = torch.cat([games.belief.exp(), games.asked, games.yes, turn], 1)
        return SHARPNESS * information(games, self.table) + self.net(seen)


@dataclass
class Played:
    """Of games in worlds: whether the guess was wrong (G,), the summed log chance of what was asked, and of what was
    answered, which depends on the worlds."""

    wrong: Tensor
    asking: Tensor
    answering: Tensor


def play(policy: Policy, worlds: Tensor, truth: Tensor, task: Task) -> Played:
    """One game in each world (G, D) of chances of a yes, which is to end in the guess `truth` (G,)."""
    games, rows = task.start(len(worlds)), torch.arange(len(worlds), device=worlds.device)
    asking = answering = worlds.new_zeros(len(worlds))
    for _ in range(task.turns):
        chance = policy(games).log_softmax(1)
        noise = torch.rand(chance.shape, generator=task.generator).clamp(min=1e-12).to(chance.device)
        question = (chance.detach() - (-noise.log()).log()).argmax(1)             # Gumbel
        yes = worlds[rows, question]
        answer = torch.rand(len(worlds), generator=task.generator).to(yes.device) < yes.detach()
        asking = asking + chance[rows, question]
        answering = answering + torch.where(answer, yes, 1 - yes).clamp(min=1e-6).log()
        games = games.told(question, answer, task.table)
    return Played((games.belief.argmax(1) != truth).to(worlds.dtype), asking, answering)


def score_function(played: Played, weight: Tensor | None = None) -> Tensor:
    """A scalar whose gradient by the policy is that of the expected share of wrong guesses: (wrong - mean) times the
    log chance of what was asked; games weigh alike or by `weight` (G,), which sums to one."""
    share = torch.full_like(played.wrong, 1 / len(played.wrong)) if weight is None else weight
    return (share * (played.wrong - (share * played.wrong).sum()) * played.asking).sum()


@torch.no_grad()
def kind_of(worlds: Tensor, table: Tensor) -> Tensor:
    """The kind (G,) that is guessed in a world (G, D) after all questions were asked very often."""
    return (worlds @ table.log().T + (1 - worlds) @ (1 - table).log().T).argmax(1)


@torch.no_grad()
def hardness(worlds: Tensor, table: Tensor, rounds: int = 30) -> Tensor:
    """(G,): one over the rate at which, under the best fixed shares of questions, evidence for the right kind grows
    against its closest rival: 1 / max_l min_{k'} sum_j l_j E[log p_kj(answer) / p_k'j(answer)], by multiplicative
    weights on the rivals."""
    truth = kind_of(worlds, table)
    yes, no = table.log(), (1 - table).log()
    lead = worlds[:, None] * (yes[truth][:, None] - yes) \
        + (1 - worlds)[:, None] * (no[truth][:, None] - no)                                          # (G, K, D)
    rows = torch.arange(len(worlds), device=worlds.device)
    weight = lead.new_zeros(lead.shape[:2])
    weight[rows, truth] = -torch.inf
    shares = torch.zeros_like(worlds)
    for _ in range(rounds):
        best = torch.einsum("gk,gkd->gd", weight.softmax(1), lead).argmax(1)
        shares[rows, best] += 1 / rounds
        weight = weight - 2.0 * lead[rows, :, best]
        weight[rows, truth] = -torch.inf
    rate = torch.einsum("gd,gkd->gk", shares, lead)
    rate[rows, truth] = torch.inf
    return 1 / rate.amin(1).clamp(min=1e-3)
