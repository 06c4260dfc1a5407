"""RoBERTuito with capitals: posts tamed as it does, but for small and capital letters.

>>> [RobertuitoCased().normalise(word) for word in ("#Good", "Sooooo")]
['hashtag Good', 'Sooo']
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.posts import EMOJI, letters_cut
from methods.kit.method import Card


class RobertuitoCased(PretrainingCorporaMethod):
    card = Card(title="RoBERTuito with capitals")

    def normalise(self, word):
        if word[0] == "@" and len(word) > 1:
            return "@usuario"
        if word.startswith("http"):
            return "url"
        if word[0] == "#" and len(word) > 1:
            return f"hashtag {word[1:]}"
        return f"emoji {EMOJI[word]} emoji" if word in EMOJI else letters_cut(word)
