"""Pieces learnt from words: of characters, with one piece for all that is unknown, or of bytes."""

from __future__ import annotations

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

SPECIAL = 2                 # padding, and what is unknown
PAD, UNKNOWN = 0, 1


def character_pieces(words: list[str], many: int, alphabet: int) -> Tokenizer:
    """Merges of characters, of which no more than `alphabet` are known."""
    cutter = Tokenizer(models.BPE(unk_token="<1>", fuse_unk=False))
    cutter.train_from_iterator(words, trainers.BpeTrainer(
        vocab_size=many, special_tokens=["<0>", "<1>"], limit_alphabet=alphabet, show_progress=False))
    return cutter


def byte_pieces(words: list[str], many: int) -> Tokenizer:
    """Merges of bytes; nothing is unknown."""
    cutter = Tokenizer(models.BPE())
    cutter.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    cutter.train_from_iterator(words, trainers.BpeTrainer(
        vocab_size=many, special_tokens=["<0>", "<1>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return cutter
