"""Active forgetting: in pretraining embeddings are drawn anew every K steps, so that the body must do with any.

    e <- N(0, 0.1^2),   Adam's moments of e <- 0,   rate of e: warm-up and cosine from the start again, every K steps

The body's rate follows the one long schedule. With K all steps it is `no-forgetting`. Then the body stands still and
the new language's embeddings are learnt.

Departs from the paper: a small encoder and 240 steps of it, with K a sixth of them instead of a 125th, and the
embeddings' deviation is this encoder's; rates fall by a cosine to a tenth, where the paper's fall in a straight line;
the test of a task learnt in English and asked in the other language is replaced by hidden words of that language.

>>> [forgets(step, 40) for step in (0, 39, 40, 80)]
[False, False, True, True]
"""

import torch

from methods.arenas.language_transfer.arena import LanguageTransferMethod, schedule
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def forgets(step, every):
    return step > 0 and step % every == 0


class ActiveForgetting(LanguageTransferMethod):
    card = Card(
        title="Active forgetting",
        papers=(Paper("Improving Language Plasticity via Pretraining with Active Forgetting", 2023,
                      arxiv="2307.01163"),),
        fidelity="core",
        claims=(Beats("no-forgetting", on="adaptation_bits", setting="scarce", by=0.02),
                Beats("no-forgetting", on="early_bits", by=0.02),
                GainGrows("no-forgetting", on="adaptation_bits", to="scarce")),
        reduces_to=("no-forgetting", {"times": 1}),
        needs_scale=("A task learnt in English is done better in another language, the more so in distant ones.",),
    )

    times: int = param(6, "stretches of pretraining, each with embeddings drawn anew", low=1, high=30)

    def before_step(self, net, optimizer, task):
        if forgets(task.step, self._every(task)):
            with torch.no_grad():
                drawn = torch.randn(net.embed.weight.shape, generator=task.generator)
                net.embed.weight.copy_(0.1 * drawn)
            optimizer.state.pop(net.embed.weight, None)

    def rate(self, task):
        every = self._every(task)
        return schedule(task.step % every / every, every)

    def _every(self, task):
        return max(1, -(-task.steps // self.times))
