"""BSR: show the demonstrations in which most of the words asked find a match.

Recall of BERTScore: each word of the question takes its best match in a demonstration. Demonstrations are scored by
themselves, so several may cover the same words.

    BSR(x, z) = sum_i w_i max_j cos(x_i, z_j),   w_i = idf(x_i) / sum idf, or 1 / L

Departs from the paper: word vectors are the frozen model's own, of a sentence that stands alone, and not those of a
large encoder. Words weigh alike by default.

>>> import torch
>>> from methods.arenas.in_context.stage.selection import token_cover
>>> x, z = torch.eye(2)[None, None], torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]])
>>> token_cover(x, z).mean(3).item()                                                  # one word of two is matched
0.5
"""

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import best_last, rarity, token_cover
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Bsr(InContextMethod):
    card = Card(
        title="BSR",
        papers=(Paper("Coverage-based Example Selection for In-Context Learning", 2023, arxiv="2305.14907",
                      covers="the score of one demonstration"),),
        fidelity="core",
        claims=(Beats("cosine-top-k", on="word_accuracy"),),
    )

    idf: bool = param(False, "whether rare words count more")

    def choose(self, asked, task):
        cover = token_cover(task.tokens(asked.words), task.tokens(task.pool.words))
        w = rarity(asked.words, task.pool.words, task.model.words) if self.idf else asked.words * 0 + 1.0
        w = w / w.sum(2, keepdim=True).clamp(min=1e-9)
        return Prompts(best_last((cover * w[:, :, None]).sum(3), task.shots))
