"""RoBERTuito: hidden units of posts without capitals; users, links, hashtags, emoji and repeated letters are tamed.

    @someone -> @usuario,   http... -> url,   #word -> hashtag word,   an emoji -> emoji name emoji,
    of one letter in a row at most three,   everything in small letters

Units are learnt on posts written so, and tests are written so too; the count of words stays.

Departs from the paper: a small encoder; the posts are English reviews that rules made noisy, for Spanish; the version
without accents is left out.

>>> [Robertuito().normalise(word) for word in ("@ann7", "#Good", "Sooooo", "\u2764")]
['@usuario', 'hashtag good', 'sooo', 'emoji heart emoji']
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.posts import EMOJI, letters_cut
from methods.kit.method import Beats, Card, Paper


class Robertuito(PretrainingCorporaMethod):
    card = Card(
        title="RoBERTuito",
        papers=(Paper("RoBERTuito: a pre-trained language model for social media text in Spanish", 2021,
                      arxiv="2111.09453"),),
        fidelity="core",
        claims=(Beats("clean-text", on="probe_bits", setting="noisy", by=0.02),
                Beats("robertuito-cased", on="probe_bits", setting="noisy", by=0.005),),
    )

    def normalise(self, word):
        if word[0] == "@" and len(word) > 1:
            return "@usuario"
        if word.startswith("http"):
            return "url"
        if word[0] == "#" and len(word) > 1:
            return f"hashtag {word[1:].lower()}"
        return f"emoji {EMOJI[word]} emoji" if word in EMOJI else letters_cut(word.lower())
