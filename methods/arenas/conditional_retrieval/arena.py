"""How to find the picture that differs from another in one named way?

Letters of many typefaces are printed in six colours and three sizes; a caption of four words names letter, style of the
typeface, colour and size. 12,000 pictures with captions train a small network of pictures and one of words towards each
other (as CLIP is), the same for everybody, and then stand still. A method is given a picture and a word, say a colour,
and must find, among 15 pictures of other typefaces, the one that is like the first but for this word. The others: four
that lack the change, five with the word and another change, five without it and with another. A fifth of all pairs of
letter and colour is in no training picture, and all right answers are of these; there are 10,000 questions.

Pictures are made, and named so: real typefaces, coloured and scaled by us. Strengths are the papers' or ours.
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.conditional_retrieval.stage._data import RetrievalData, retrieval_data
from methods.arenas.conditional_retrieval.stage.task import WIDTH, Backbone, Task, info_nce
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import FONTS
from methods.kit.training import count_parameters


class ConditionalRetrievalMethod(Method):
    """The slot: how a picture and a word become a query."""

    knows_answer = False            # is told all words of the right picture: an upper bound

    def fit(self, task: Task) -> None:
        """Called once before `combine`."""

    def combine(self, image: Tensor, text: Tensor) -> Tensor:
        """Queries (Q, 64) of pictures (Q, 64) and words (Q, 64), to be compared by cosine with pictures."""
        raise NotImplementedError


class ConditionalRetrieval(Arena):
    title = "The picture that differs in one way"
    metrics = (
        Metric("r1", "Found first", unit="%", chance=100 / 15, ceiling=100,
               help="of 15 pictures the right one is nearest"),
        Metric("r3", "Found among three", unit="%", chance=20, ceiling=100, help="it is one of the three nearest"),
    )
    settings = (Setting("default", "letters, styles, colours and sizes"),)
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "pictures": 400, "questions": 200, "hidden": 16, "batch": 32,
                                 "backbone_steps": 20, "steps": 10, "rate": 3e-3, "noise": 0.1, "scale": 10.0}),
        "full": Scale(60, 2048, {"small": False, "pictures": 12_000, "questions": 10_000, "hidden": 128, "batch": 128,
                                 "backbone_steps": 300, "steps": 300, "rate": 2e-3, "noise": 0.1, "scale": 10.0}),
        "gpu": Scale(600, 8192, {"small": False, "pictures": 40_000, "questions": 10_000, "hidden": 512, "batch": 512,
                                 "backbone_steps": 4000, "steps": 4000, "rate": 1e-3, "noise": 0.1, "scale": 10.0}),
    }
    slot = ConditionalRetrievalMethod
    baseline = "sum"
    sources = (*(source for _, source in FONTS), datasets.DIGITS)

    def data(self, trial: Trial) -> RetrievalData:
        return retrieval_data(trial)

    def run(self, method: ConditionalRetrievalMethod, data: RetrievalData, trial: Trial) -> dict[str, float]:
        backbone = self._backbone(data, trial)
        with torch.no_grad():
            image, asked = (torch.cat([backbone.pictures(part) for part in x.split(2000)])
                            for x in (data.x, data.asked_x))
        task = Task(backbone, image, data.captions, trial)
        method.fit(task)
        words = data.asked_captions[data.gallery[:, 0]] if method.knows_answer else data.word[:, None]
        with torch.no_grad():
            queries = method.combine(asked[data.reference], task.text(words))
        if queries.shape != (len(data.word), WIDTH) or not torch.isfinite(queries).all():
            raise ValueError(f"{method.slug()}: a finite query for each question is wanted")
        queries = F.normalize(queries, dim=1)
        likeness = torch.stack([(queries * asked[rows]).sum(1) for rows in data.gallery.T], 1)
        before = (likeness[:, 1:] > likeness[:, :1]).sum(1) + 0.5 * (likeness[:, 1:] == likeness[:, :1]).sum(1)
        return {"r1": 100 * (before < 0.5).double().mean().item(), "r3": 100 * (before < 3).double().mean().item()}

    def _backbone(self, data: RetrievalData, trial: Trial) -> Backbone:
        o = trial.options
        net = Backbone(data.x.shape[1], int(data.asked_captions.max()) + 1, o.hidden).to(trial.device)
        optimizer = torch.optim.AdamW(net.parameters(), o.rate)
        for step in range(o.backbone_steps):
            rows = torch.randint(len(data.x), (o.batch,)).to(trial.device)
            image, text = net.pictures(data.x[rows]), net.words(data.captions[rows])
            loss = (info_nce(image, text, o.scale) + info_nce(text, image, o.scale)) / 2
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if step % max(1, o.backbone_steps // 10) == 0:
                trial.record(step + 1, o.backbone_steps, backbone=loss.item())
        trial.count(parameters=count_parameters(net))
        return net.eval().requires_grad_(False)

    def shuffle_labels(self, data: RetrievalData, generator: torch.Generator) -> RetrievalData:
        """Captions are dealt to other pictures, and galleries to other questions."""
        order = torch.randperm(len(data.x), generator=generator)
        return replace(data, captions=data.captions[order], gallery=data.gallery[torch.randperm(
            len(data.gallery), generator=generator)])
