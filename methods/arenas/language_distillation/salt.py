"""SALT: a small language model helps a larger one at first, then lets go.

What a small model knows is learnt sooner from its guesses than from text; later its errors would hold the larger one
back, so after the first part of the steps only the text counts. The windows of the first part can be chosen: those in
which the small model finds words hard, of the words it has among its likeliest.

    first share of the steps: (1 - w) CE + w KL(p_small || p),   then CE
    hard(window) = median over learnable words of -log p_small,   learnable: among the 10 likeliest

Departs from the paper: hidden words of a window are guessed, where the authors guess the next; the model is a third
wider and twice as deep; what is scored is the classes of words after learning from labels; a share of 0.3 of the steps
is ours and w = 0.667 is written from memory; windows are chosen by one hiding, and by default none are.

>>> import torch
>>> hardness(torch.tensor([[1.0, 2.0, 9.0]]), torch.tensor([[True, True, False]])).tolist()       # the lower median
[1.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.arenas.language_distillation.stage.task import helped
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

LIKELIEST = 10          # a word is learnable if it is among so many of the small model's guesses


def hardness(nats, learnable):
    """(N,) median of nats (N, T) over learnable words; windows without any come last."""
    return torch.where(learnable, nats, torch.nan).nanmedian(1).values.nan_to_num(-torch.inf)


class Salt(LanguageDistillationMethod):
    card = Card(
        title="SALT",
        papers=(Paper("A Little Help Goes a Long Way: Efficient LLM Training by Leveraging Small LMs", 2024,
                      arxiv="2410.18779"),),
        fidelity="core",
        claims=(Beats("large-text-only", on="word_error"), Beats("large-kd-throughout", on="word_error")),
        needs_scale=("A model of 2.8 billion weights needs fewer steps for the same loss of the next word.",),
        reduces_to=("large-text-only", {"share": 0.0}),
    )

    weight: float = param(0.667, "weight of the small model's guesses", low=0.0, high=1.0)
    share: float = param(0.3, "share of the steps in which it helps", low=0.0, high=1.0)
    chosen: float = param(1.0, "share of the windows that are read in these steps, the hardest", low=0.1, high=1.0)

    def fit(self, task):
        net, small, step = task.student(pretrained=False, large=True), task.small(), iter(range(10**9))
        hard = self._hard(task, small) if self.chosen < 1 else None

        def loss(ids, rows):
            early = next(step) < self.share * task.steps
            if early and hard is not None:
                ids = task.text[hard[torch.randint(len(hard), (len(ids),), device=hard.device)]]
            return helped(net, small, ids, *task.masked(ids), self.weight if early else 0.0)  # type: ignore[call-arg]  # two of them

        task.read_on([net], loss, task.steps)
        task.tune([net])
        return net

    @torch.no_grad()
    def _hard(self, task, small):
        """Rows of the windows that are hardest for the small model."""
        found = []
        for ids in task.text.split(200):
            seen, hidden = task.masked(ids)
            said = small.words(small.read(seen).last)
            likely = (said > said.gather(-1, ids[..., None])).sum(-1) < LIKELIEST
            nats = F.cross_entropy(said.flatten(0, 1), ids.flatten(), reduction="none").view_as(ids)
            found.append(hardness(nats, likely & hidden))
        return torch.cat(found).argsort(descending=True)[:max(1, round(self.chosen * len(task.text)))]
