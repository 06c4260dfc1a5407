"""How are prompts of unequal length read at once?

A small language model (one block, width 32, rotary positions, a short convolution in front) is to read 64 prompts, the
beginnings of novels, chapters, reviews and news, of 65 to 520 pieces as they come, and to say what follows each. A
method says which rows they are laid in, and where in them every prompt ends; it may read rows in several passes. What
is counted is how many pieces, filling ones among them, pass through the network for each piece of a prompt, and how far
the logits after any prompt are from what the prompt gives alone.

In `varied` (composed by us) prompts are as long on the geometric mean and their lengths log-normal, with twice the
spread, cut to 8 to 520 pieces. Nothing is learnt: a seed is a batch of prompts and one of three models, and the counts
are exact, so that differences between methods rest on the prompts drawn alone.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.prompt_batching.stage._data import Prompts, prompts
from methods.arenas.prompt_batching.stage.reading import Reader
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.lm_starts import blank
from methods.kit.stage.sources import BIBLE, NOVELS


class PromptBatchingMethod(Method):
    """The slot: `read`."""

    def read(self, reader: Reader, prompts: list[Tensor]) -> list[Tensor]:
        """The logits (V,) after each prompt (n,), in their order."""
        raise NotImplementedError


class PromptBatching(Arena):
    title = "Prompt batching"
    metrics = (
        Metric("passed", "Pieces passed", "lower", ceiling=1.0, help="through the network, a piece of a prompt"),
        Metric("pairs", "Pairs", "lower", help="query-key products a piece of a prompt and head, as rows are computed"),
        Metric("logit_error", "Error of logits", "lower",
               help="the largest difference from what a prompt gives alone"),
        Metric("passes", "Passes", "lower", help="times the network is called"),
    )
    settings = (
        Setting("default", "lengths as they come", {"varied": False}),
        Setting("varied", "lengths that differ more", {"varied": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "size": "narrow", "read": 3, "prompts": 8, "longest": 130}),
        "full": Scale(60, 2048, {"small": False, "size": "narrow", "read": 1500, "prompts": 64, "longest": 520}),
        "gpu": Scale(600, 8192, {"small": False, "size": "parent", "read": 6000, "prompts": 512, "longest": 520}),
    }
    slot = PromptBatchingMethod
    baseline = "padded"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> Prompts:
        return prompts(trial)

    def run(self, method: PromptBatchingMethod, data: Prompts, trial: Trial) -> dict[str, float]:
        net = blank(trial.options.size, trial.seed).to(trial.device).eval()
        net.load_state_dict(data.weights)
        reader, each = Reader(net), [part.clone() for part in data.pieces.split(data.lengths.tolist())]
        said, asked = torch.stack(method.read(reader, each)), len(data.pieces)
        trial.count(pieces=reader.passed, passes=reader.calls)
        scores = {"passed": reader.passed / asked, "pairs": reader.pairs / asked,
                  "logit_error": (said - data.truth).abs().max().item(), "passes": float(reader.calls)}
        trial.record(1, 1, **scores)
        return scores

    def shuffle_labels(self, data: Prompts, generator: torch.Generator) -> Prompts:
        """What prompts give alone is dealt to other prompts."""
        return replace(data, truth=data.truth[torch.randperm(len(data.truth), generator=generator)
                                              .to(data.truth.device)])
