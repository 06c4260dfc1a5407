"""What does a small language model gain from a larger one?

Every word of running text (the Brown corpus, 4,000 words and the ends of others) is to be named by one of 12 word
classes. Labels are scarce: 100 windows of 32 words. A teacher, a transformer of three blocks that has learnt to guess
hidden words and then learnt from these labels, says what it thinks of 4,000 windows without labels. A student of one
block, a third as wide, is to come near to it. It may begin with weights drawn anew, or with those of a small language
model of its size that has guessed hidden words too.

Everybody has 80 steps on text and 40 on labels, 16 windows a step, AdamW at one rate of each kind; who uses one kind
alone has all 120 steps there. Weights of losses are the papers' or ours, as each file says; none was chosen by scores.
In `other-domain` the text without labels is fiction, while labels and tests are of anything else, as always.

The large and the small language model are trained once and kept. The teacher learns from the labels in five worlds
(which windows have labels), dealt to the seeds in turn, so what differs between teachers is seen less often than the
seeds suggest. Test words stand in other documents than all that is read in training.

Steps were cut twice for time after one seed's scores, from 200 and 80; with 120 and 60 students from drawn weights
ended four points lower, so 80 and 40 may starve them.
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.language_distillation.stage._data import LanguageData, language_data
from methods.arenas.language_distillation.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.word_text import CLASSES


class LanguageDistillationMethod(Method):
    """The slot: `fit` is all there is."""

    sees_all_labels = False         # an upper bound, not a contestant

    def fit(self, task: Task) -> nn.Module:
        """What is asked: a module that maps words (B, T) to logits (B, T, classes)."""
        raise NotImplementedError


class LanguageDistillation(Arena):
    title = "Language distillation"
    metrics = (
        Metric("word_error", "Word error", "lower", "%", chance=74.2, ceiling=0, help="test words whose class is named "
               "wrongly; naming all nouns is chance"),
        Metric("nll", "Negative log-likelihood", "lower", "nats", ceiling=0,
               help="of a word's class, mean over test words"),
        Metric("agreement", "Agreement", unit="%", ceiling=100, help="test words that student and teacher name alike"),
    )
    settings = (
        Setting("default", "text like that of the tests", {"text": "other"}),
        Setting("other-domain", "the text without labels is fiction", {"text": "stories"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "windows": 40, "tests": 40, "batch": 8, "steps": 12, "tuning": 6,
                                 "width": 12, "rate": 1e-2, "tuning_rate": 1e-2}),
        "full": Scale(60, 2048, {"small": False, "windows": 4000, "tests": 800, "batch": 16, "steps": 80,
                                 "tuning": 40, "width": 48, "rate": 5e-3, "tuning_rate": 3e-3}),
        # as wide as the small language model that the student begins with; all windows that there are
        "gpu": Scale(600, 8192, {"small": False, "windows": 4000, "tests": 4000, "batch": 64, "steps": 1600,
                                 "tuning": 200, "width": 48, "rate": 5e-3, "tuning_rate": 3e-3}),
    }
    slot = LanguageDistillationMethod
    baseline = "pretrain-then-tune"
    sources = (datasets.BROWN,)

    def data(self, trial: Trial) -> LanguageData:
        return language_data(trial)

    def run(self, method: LanguageDistillationMethod, data: LanguageData, trial: Trial) -> dict[str, float]:
        task = Task(data.labelled, data.labels, data.text, data.told, data.truth if method.sees_all_labels else None,
                    data.teacher, data.large, data.start, data.vocabulary, len(CLASSES), trial)
        net = method.fit(task)
        net.eval()
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        with torch.no_grad():
            logits = torch.cat([net(part) for part in data.test.split(200)])
        if logits.shape != (*data.test.shape, len(CLASSES)) or not torch.isfinite(logits).all():
            raise ValueError(f"{method.slug()}: finite logits of {len(CLASSES)} classes are wanted for every word")
        return scores(logits, data.test_labels, data.test_told)

    def shuffle_labels(self, data: LanguageData, generator: torch.Generator) -> LanguageData:
        """Classes change their meaning from word to word, in labels and in what the teacher says."""
        def dealt(values: Tensor) -> Tensor:
            flat = values.flatten(0, 1)
            return flat[torch.randperm(len(flat), generator=generator)].view_as(values)

        return replace(data, labels=dealt(data.labels), told=dealt(data.told), truth=dealt(data.truth))


def scores(logits: Tensor, labels: Tensor, told: Tensor) -> dict[str, float]:
    said = logits.argmax(-1)
    return {"word_error": 100 * (said != labels).double().mean().item(),
            "nll": F.cross_entropy(logits.flatten(0, 1), labels.flatten()).item(),
            "agreement": 100 * (said == told.argmax(-1)).double().mean().item()}
