"""Tele-LLMs: all weights go on with text of one field, at a low rate that falls by a cosine.

    L = mean -log p(x_i | x_<i),   eta_t: 3 % warm-up to a tenth of the first training's height, then a cosine to 0

Departs from the paper: another language in place of writing about telecommunications; no cleaning of scraped text.

>>> from methods.arenas.continual_pretraining.arena import warm_cosine
>>> warm_cosine(1.0, 0.03, 0.0, 100)
0.0
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod, warm_cosine
from methods.kit.method import Beats, Card, Paper


class TeleLlms(ContinualPretrainingMethod):
    card = Card(
        title="Tele-LLMs",
        papers=(Paper("Tele-LLMs: A Series of Specialized Large Language Models for Telecommunications", 2024,
                      arxiv="2409.05314"),),
        fidelity="core",
        claims=(Beats("no-training", on="new_bpb"), Beats("lora", on="new_bpb", by=0.03)),
        needs_scale=("Small models gain more from it than large ones.",),
    )
    rate_factor = 1 / 3

    def rate(self, task):
        return warm_cosine(task.progress, 0.03, 0.0, task.steps)
