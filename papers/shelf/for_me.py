"""Papers for one account, ranked by what it likes, by how new they are, or anything between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.utils import timezone

from papers.keeping import kept, stamp_of
from papers.models import Paper, SearchText
from papers.search.encoder import EncoderUnavailable
from papers.search.index import Index, IndexUnavailable, current_index
from papers.search.vectors import vectors_of
from papers.selectors import PaperRow, paper_rows
from papers.shelf.models import Mark
from papers.shelf.taste import Quality, Taste, quality_of, taste_of
from papers.shelf.undoing import reader_of

CANDIDATES = 300  # by taste, and as many of the newest
PER_PAGE = 30
HALF_LIFE = 14  # days after which a paper is half as new
SHARED = 3  # words that a reason names


@dataclass(frozen=True, slots=True)
class Pick:
    """A paper, how likely it is liked and how new it is (each 0 to 1 among the candidates), and why it is here."""

    row: PaperRow
    liking: float
    newness: float
    star: Paper | None
    cosine: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class ForMe:
    """A page of picks. `problem` says in a sentence why there are none."""

    picks: list[Pick]
    total: int = 0
    stars: int = 0
    reads: int = 0
    hides: int = 0
    problem: str = ""


def for_me(user, *, recency: int = 20, page: int = 1) -> ForMe:
    """The page of the account's ranking: `recency` percent of the score is newness, the rest is liking.

    What the account has starred, read or hidden is not among it.
    """
    try:
        index = current_index()
    except (EncoderUnavailable, IndexUnavailable) as error:
        return ForMe([], problem=f"Nothing can be compared by meaning now: {error}.")
    revision = reader_of(user).revision
    taste = taste_of(user, revision, index)
    if taste is None:
        return ForMe([])
    newest = Paper.objects.order_by("-created_at", "-pk").values_list("pk", flat=True).first()
    papers, liking, came = kept(f"for-me-{user.pk}", stamp_of(revision, index.manifest["build"], newest),
                                lambda: _candidates(user, taste, index))
    newness = 0.5 ** (np.maximum(timezone.now().timestamp() - came, 0) / 86400 / HALF_LIFE)
    share = min(max(recency, 0), 100) / 100
    order = np.lexsort((-papers, -newness, -((1 - share) * liking + share * newness)))
    places = order[(page - 1) * PER_PAGE:page * PER_PAGE]
    chosen = [(int(papers[place]), float(liking[place]), float(newness[place])) for place in places]
    return ForMe(_picks(chosen, taste, index), len(papers), len(taste.starred), taste.reads, taste.hides)


def quality(user) -> Quality | None:
    """The self-test; None where nothing can be compared now."""
    try:
        return quality_of(user, reader_of(user).revision, current_index())
    except (EncoderUnavailable, IndexUnavailable):
        return None


def _candidates(user, taste: Taste, index: Index) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Papers, how much each is liked, and when it came: arrays (n,) over the best by taste and the newest."""
    marks = Mark.objects.filter(user=user)
    known = set(marks.exclude(starred_at=None, read_at=None, hidden_at=None).values_list("paper", flat=True))
    nearest = index.search(taste.direction, CANDIDATES + len(known), kinds=(SearchText.PAPER,))
    its_paper = dict(SearchText.objects.filter(pk__in=[text for text, _ in nearest]).values_list("pk", "paper"))
    cosines = dict([pair for pair in nearest if its_paper.get(pair[0]) not in known][:CANDIDATES])
    newest = Paper.objects.order_by("-created_at", "-pk").values_list("pk", "search_text")[:CANDIDATES + len(known)]
    further = [text for pk, text in newest if text and pk not in known and text not in cosines][:CANDIDATES]
    cosines |= {text: float(vector @ taste.direction) for text, vector in vectors_of(further, index.model_id).items()}
    rows = Paper.objects.filter(search_text__in=list(cosines)).values_list("pk", "search_text", "created_at")
    papers, values, came = [], [], []
    for pk, text, created in rows:
        papers.append(pk)
        values.append(cosines[text])
        came.append(created.timestamp())
    if not papers:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    low, high = min(values), max(values)
    liking = (np.array(values) - low) / max(high - low, 1e-9)
    return np.array(papers), liking, np.array(came)


def _picks(chosen: list[tuple[int, float, float]], taste: Taste, index: Index) -> list[Pick]:
    """With the nearest starred paper and the words shared with it."""
    papers = Paper.objects.select_related("cluster").in_bulk([pk for pk, *_ in chosen])
    texts = dict(SearchText.objects.filter(paper__in=list(papers)).values_list("paper", "pk"))
    vectors = vectors_of(texts.values(), index.model_id)
    chosen = [each for each in chosen if texts.get(each[0]) in vectors]
    if not chosen:
        return []
    near = taste.nearest_star(np.stack([vectors[texts[pk]] for pk, *_ in chosen]))
    stars = Paper.objects.only("title", "abstract").in_bulk({star for star, _ in near})
    picks = []
    for (pk, liking, newness), row, (star, cosine) in zip(
            chosen, paper_rows(papers[pk] for pk, *_ in chosen), near, strict=True):
        own = stars.get(star)
        words = index.rarity.shared_with_each(papers[pk].text, [own.text], SHARED)[0] if own else []
        picks.append(Pick(row, liking, newness, own, cosine, tuple(words)))
    return picks
