"""Sharpening: teach the model the answer that it finds likeliest itself.

The model is its own judge: an answer's reward is its log likelihood. SFT-sharpening trains on the best of n samples.
RLHF-sharpening fits, on pairs of samples, the difference of rewards by that of log ratios.

    y* = argmax_i log pi_0(y_i | x);   loss = -log pi(y* | x)                                                     (sft)
    loss = (beta log pi(y)/pi_0(y) - beta log pi(y')/pi_0(y') - (log pi_0(y) - log pi_0(y')))^2                   (rlhf)

Departs from the paper: eight samples a question, where it draws far more; in rlhf the pair is the first and the last
sample.

>>> import torch
>>> gap(torch.tensor(-1.0), torch.tensor(-2.0), torch.tensor(-1.0), torch.tensor(-2.0), 0.1).item()
1.0
"""

import torch

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import log_p, picked
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def gap(now, now_other, base, base_other, beta):
    """Squared error of the log ratios for the difference of rewards."""
    return (beta * ((now - base) - (now_other - base_other)) - (base - base_other)).square().mean()


class Sharpening(SelfImprovementMethod):
    card = Card(
        title="Sharpening",
        papers=(Paper("Self-Improvement in Language Models: The Sharpening Mechanism", 2024, arxiv="2412.01951"),),
        fidelity="core",
        claims=(Beats("single-sample", on="exact_match"),),
        waivers={"knob:beta": "only rlhf-sharpening has it"},
    )

    objective: str = param("sft", "what is fitted to the rewards", choices=("sft", "rlhf"))
    samples: int = param(8, "answers drawn for a question", low=1, high=32)
    beta: float = param(0.5, "weight of staying near the first model, for rlhf", low=0.01, high=10.0)

    def improve(self, net, task):
        asked = task.unlabelled
        said, reward = task.sample(net, asked, self.samples, purpose="to learn from")
        if self.objective == "sft":
            return task.tune(net, asked, picked(said, reward)[0])
        one, two = said[:, 0], said[:, -1]
        with torch.no_grad():
            base = log_p(net, asked, one), log_p(net, asked, two)

        def loss(rows):
            return gap(log_p(net, asked[rows], one[rows]), log_p(net, asked[rows], two[rows]), base[0][rows],
                       base[1][rows], self.beta)

        return task.descend(net, loss, len(asked))
