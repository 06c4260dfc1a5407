"""Questions by the worst law: whoever asks knows how a method answers, and keeps to the description."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from methods.arenas.zero_shot.stage._data import ZeroShotData
from methods.arenas.zero_shot.stage.laws import against, patterns

TRIED = 100     # how often each pattern is tried, for those who answer by lot


def worst_questions(ask, data: ZeroShotData, each: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Cells (N, 1, 2 B) and who is in them (N, C): `each` of every unseen kind, drawn from the law under which `ask`,
    cells -> scores (N, C), names it least often among the unseen kinds."""
    seen, (kinds, bits) = data.tags.shape[1], data.attributes.shape
    every = torch.from_numpy(patterns(bits)).to(data.bags)
    cells = torch.cat([every - data.middle, every], 1)[:, None]
    named = ask(cells.repeat_interleave(TRIED, 0))[:, seen:].argmax(1).view(len(every), TRIED)
    answers = torch.nn.functional.one_hot(named, kinds - seen).double().mean(1).T.cpu().numpy()
    law = against(answers, data.attributes[seen:].double().cpu().numpy())
    drawn = np.concatenate([rng.choice(law.shape[1], each, p=row) for row in law])
    right = torch.zeros(len(drawn), kinds, dtype=torch.bool, device=cells.device)
    right[torch.arange(len(drawn)), seen + torch.arange(kinds - seen).repeat_interleave(each)] = True
    return cells[torch.from_numpy(drawn).to(cells.device)], right
