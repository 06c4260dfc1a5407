"""Set-BSR: demonstrations that together cover every word asked.

Each word counts by its best match anywhere in the set, so a second demonstration of the same words adds nothing. The
set grows by what adds most, and is shown in the order of what each covers alone.

    setBSR(x, Z) = sum_i w_i max_{z in Z} max_j cos(x_i, z_j),   Z greedy;   w_i = idf(x_i) / sum idf, or 1 / L

Departs from the paper: word vectors are the frozen model's own, of a sentence that stands alone, and not those of a
large encoder. Words weigh alike by default.

>>> import torch
>>> from methods.arenas.in_context.stage.selection import greedy_cover
>>> cover = torch.tensor([[[[1.0, 0.0], [0.9, 0.0], [0.0, 0.5]]]])          # the second is as good, and adds nothing
>>> greedy_cover(cover, torch.full((1, 1, 2), 0.5), 2).tolist()
[[[0, 2]]]
"""

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import by_score, greedy_cover, rarity, token_cover
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class SetBsr(InContextMethod):
    card = Card(
        title="Set-BSR",
        papers=(Paper("Coverage-based Example Selection for In-Context Learning", 2023, arxiv="2305.14907",
                      covers="the choice of a set"),),
        fidelity="core",
        claims=(Beats("bsr", on="word_accuracy"), Beats("cosine-top-k", on="word_accuracy"),
                Beats("bm25", on="word_accuracy")),
    )

    idf: bool = param(False, "whether rare words count more")

    def choose(self, asked, task):
        cover = token_cover(task.tokens(asked.words), task.tokens(task.pool.words))
        w = rarity(asked.words, task.pool.words, task.model.words) if self.idf else asked.words * 0 + 1.0
        w = w / w.sum(2, keepdim=True).clamp(min=1e-9)
        return Prompts(by_score(greedy_cover(cover, w, task.shots), (cover * w[:, :, None]).sum(3)))
