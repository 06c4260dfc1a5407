"""Ensemble-Instruct: three models answer, and an answer is kept only where they agree enough.

Where the highest or the lowest agreement of two exceeds a threshold, the answer that is most like the others is kept,
otherwise the example is dropped.

    R_ij = overlap(y_i, y_j);   kept if min R > tau or max R > tau_high;   y = argmax_i mean_j R_ij

Departs from the paper: the models are of one size and differ in what they have read last; questions are drawn, not made
up in two ways; overlap is the share of equal digits in place of Rouge-L. There the lowest overlap must exceed 0.01, or
two answers be the same; here two that share three digits of four are enough.

>>> overlaps(torch.tensor([[[1, 2]], [[1, 3]], [[1, 2]]]))[0].tolist()
[[1.0, 0.5, 1.0], [0.5, 1.0, 0.5], [1.0, 0.5, 1.0]]
"""

import torch

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def overlaps(said):
    """(N, K, K) share of equal pieces of answers (K, N, A)."""
    said = said.transpose(0, 1)
    return (said[:, :, None] == said[:, None]).float().mean(3)


class EnsembleInstruct(TuningDataMethod):
    card = Card(
        title="Ensemble-Instruct",
        papers=(Paper("Ensemble-Instruct: Generating Instruction-Tuning Data with a Heterogeneous Mixture of LMs", 2023,
                      arxiv="2310.13961"),),
        fidelity="core",
        claims=(Beats("single-generator", on="wrong_share"), Beats("single-generator", on="answer_loss")),
    )

    tau: float = param(0.0, "lowest agreement above which an example is kept", low=0.0, high=1.0)
    high: float = param(0.9, "agreement of the two closest above which it is kept as well", low=0.0, high=1.0)

    def make(self, task):
        questions = task.questions(task.words(2 * task.size))
        shown = task.demonstrations(questions)
        said = torch.stack([task.answered(net, questions, shown, 1.0, purpose=f"model {k}")[0]
                            for k, net in enumerate((task.start, *task.others))])
        agree = overlaps(said)
        off = agree.masked_fill(torch.eye(len(said), dtype=torch.bool, device=agree.device), 0).sum(2)
        pairs = torch.stack([agree[:, i, j] for i, j in ((0, 1), (0, 2), (1, 2))], 1)
        kept = (pairs.min(1).values > self.tau) | (pairs.max(1).values > self.high)
        best = said[off.argmax(1), torch.arange(len(questions), device=off.device)]
        rows = torch.nonzero(kept)[:task.size, 0]
        return [task.seeds.joined(Examples(questions, best).rows(rows))]
