"""Prepacking: several prompts in one row, each seeing itself alone and counting its places from nought.

Prompts are packed, the longest first, each into the first row with room, rows being as long as the longest prompt. A
mask lets every piece see those before it of its own prompt; then each prompt's part is taken out.

    piece j sees i <= j if both are of one prompt;   place of j = j - first piece of its prompt

Departs from the paper: what comes out of a row is the logits after each prompt; caches of keys, which would be sliced
alike, are not gone on with.

>>> from methods.arenas.prompt_batching.stage.packing import first_fit_decreasing
>>> first_fit_decreasing([6, 3, 3, 2, 1], 6)                               # 15 pieces in 3 rows of 6; padded 5 rows
[[0], [1, 2], [3, 4]]
"""

from methods.arenas.prompt_batching.arena import PromptBatchingMethod
from methods.arenas.prompt_batching.stage.packing import first_fit_decreasing
from methods.arenas.prompt_batching.stage.reading import rows
from methods.kit.method import Beats, Card, GainGrows, Matches, Paper


class Prepacking(PromptBatchingMethod):
    card = Card(
        title="Prepacking",
        papers=(Paper("Prepacking: A Simple Method for Fast Prefilling and Increased Throughput in Large Language "
                      "Models", 2024, arxiv="2404.09529"),),
        fidelity="faithful",
        claims=(Matches("padded", on="logit_error", within=1e-4, cost="pieces passed"),
                Beats("padded", on="passed"), Beats("sorted-buckets", on="passed", setting="varied"),
                GainGrows("padded", on="passed", to="varied")),
        needs_scale=("prompts of thousands of pieces are read up to six times as fast on one card",),
    )

    def read(self, reader, prompts):
        lengths = [len(each) for each in prompts]
        packed = first_fit_decreasing(lengths, max(lengths))
        said = reader.read(*rows([[prompts[i] for i in row] for row in packed]))
        found = {}
        for row, members in enumerate(packed):
            end = 0
            for i in members:
                end += lengths[i]
                found[i] = said[row, end - 1]
        return [found[i] for i in range(len(prompts))]
