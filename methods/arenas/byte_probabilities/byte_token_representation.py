"""Byte-token representation: a text is as likely as all token sequences that cover it.

A sequence covers a text if its last token reaches the end of the text, or beyond, and the tokens before do not. Only
valid sequences count, those that the tokenizer makes of their own text; of these there are few, as the tokens before
the last are the encoding of their text.

    P(x) = sum over covers (t_1 .. t_k) of x of P(t_1 .. t_k),   P(b | x) = P(x b) / P(x)

Departs from the paper: P(x) is taken as the sum of P(x b) over b, which is the same if the model gives nothing to
sequences that the tokenizer never makes. As no token crosses the beginning of a word, only covers of the last word are
searched. Models of two vocabularies are averaged by probabilities of bytes.

>>> covers(b" ab", lambda text: [text], 3)                        # one token for any text: what is left to be covered
[([], b' ab'), ([b' '], b'ab'), ([b' a'], b'b'), ([b' ab'], b'')]
"""

from methods.arenas.byte_probabilities.arena import ByteProbabilitiesMethod
from methods.arenas.byte_probabilities.stage.task import summed, word
from methods.kit.method import Beats, Card, Paper


def covers(text, encode, longest):
    """Encodings of the beginnings of a word, each with the rest that the next token must begin with."""
    return [(encode(text[:i]) if i else [], text[i:]) for i in range(len(text) + 1) if len(text) - i <= longest]


class ByteTokenRepresentation(ByteProbabilitiesMethod):
    card = Card(
        title="Byte-token representation",
        papers=(Paper("Exact Byte-Level Probabilities from Tokenized Language Models for FIM-Tasks and Model Ensembles",
                      2024, arxiv="2410.09303"),),
        fidelity="faithful",
        claims=(Beats("naive-prompt", on="bits_inside"), Beats("token-healing", on="bits_inside"),
                Beats("better-model", on="bits", setting="two-vocabularies")),
        needs_scale=("Filling in the middle of code passes more tests than with token healing.",),
    )

    def next_byte(self, task, model):
        encode, longest = model.vocabulary.encode, model.vocabulary.longest
        parts = [word(prompt) for prompt in task.prompts]
        return summed(model, len(parts), [(row, encode(before), then, rest) for row, (before, last) in enumerate(parts)
                                          for then, rest in covers(last, encode, longest)])
