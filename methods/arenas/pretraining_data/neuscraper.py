"""NeuScraper: a small transformer reads a page part by part and says of each whether it is content.

    e_j = mean of the start's first layer over part j;   p_j = sigmoid(head(transformer(e_1 ... e_8))_j);   BCE on p_j
    S = the passages with the highest mean p

One layer, taught by 304 annotated passages.

Departs from the paper: parts of eight pieces for text nodes of a web page, which have no markup; a passage's parts
share its label; whole passages are kept.

>>> sum([0.9, 0.7]) / 2 > sum([0.9, 0.1]) / 2
True
"""

import torch
import torch.nn.functional as F

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.labelled import PART, PageReader
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Beats, Card, Paper

TURNS = 60


class Neuscraper(PretrainingDataMethod):
    card = Card(
        title="NeuScraper",
        papers=(Paper("Cleaner Pretraining Corpus Curation with Neural Web Scraping", 2024, arxiv="2402.14652"),),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte", by=0.02), Beats("density-rule", on="bits_per_byte", by=0.02)),
    )

    def choose(self, task):
        known, pool = (self.parts(task, windows) for windows in (task.annotated, task.pool))
        mean, deviation = known.mean((0, 1)), known.std((0, 1))
        known, pool = (known - mean) / deviation, (pool - mean) / deviation
        reader = PageReader(known.shape[2]).to(task.device)
        optimizer = torch.optim.AdamW(reader.parameters(), 3e-3)
        y = task.good.float()[:, None].expand(known.shape[:2])
        for _ in range(TURNS):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(reader(known), y).backward()
            optimizer.step()
        with torch.no_grad():
            return top(reader(pool).sigmoid().mean(1), task.now)

    @torch.no_grad()
    def parts(self, task, windows):
        first = [task.start.states(some[:, 1:])[0] for some in windows.split(256)]
        return torch.cat(first).unflatten(1, (-1, PART)).mean(2)
