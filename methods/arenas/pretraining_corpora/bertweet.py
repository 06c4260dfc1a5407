"""BERTweet: hidden units of posts, in which users and links are one word each and emoji are told by name.

    @someone -> @USER,   http... -> HTTPURL,   an emoji -> :name:

Units are learnt on posts written so, and tests are written so too.

Departs from the paper: a small encoder; the posts are reviews that rules made noisy, with four emoji.

>>> [Bertweet().normalise(word) for word in ("@ann7", "http://t.co/1", "\u2764", "Good")]
['@USER', 'HTTPURL', ':heart:', 'Good']
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.posts import NAMES
from methods.kit.method import Beats, Card, Paper


class Bertweet(PretrainingCorporaMethod):
    card = Card(
        title="BERTweet",
        papers=(Paper("BERTweet: A pre-trained language model for English Tweets", 2020,
                      arxiv="2005.10200"),),
        fidelity="core",
        claims=(Beats("general-text", on="probe_bits", setting="noisy", by=0.02),
                Beats("multilingual-text", on="probe_bits", setting="noisy", by=0.02),),
    )
    def normalise(self, word):
        if word[0] == "@" and len(word) > 1:
            return "@USER"
        return "HTTPURL" if word.startswith("http") else NAMES.get(word, word)
