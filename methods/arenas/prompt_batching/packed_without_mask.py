"""Packed without a mask: rows as in prepacking, and every piece sees all before it in its row.

Wrong on purpose: what the mask and the places are for.
"""

import torch

from methods.arenas.prompt_batching.arena import PromptBatchingMethod
from methods.arenas.prompt_batching.stage.packing import first_fit_decreasing
from methods.arenas.prompt_batching.stage.reading import rows
from methods.kit.method import Card


class PackedWithoutMask(PromptBatchingMethod):
    card = Card(title="Packed without a mask")

    def read(self, reader, prompts):
        lengths = [len(each) for each in prompts]
        packed = first_fit_decreasing(lengths, max(lengths))
        ids = rows([[prompts[i] for i in row] for row in packed])[0]
        said = reader.read(ids, torch.arange(ids.shape[1], device=ids.device).expand_as(ids))
        found = {}
        for row, members in enumerate(packed):
            ends = torch.tensor([lengths[i] for i in members]).cumsum(0) - 1
            found.update({i: said[row, end] for i, end in zip(members, ends.tolist(), strict=True)})
        return [found[i] for i in range(len(prompts))]
