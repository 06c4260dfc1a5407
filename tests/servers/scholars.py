"""Semantic Scholar, OpenAlex, Hugging Face and arXiv as one local world of papers, with the answers that mislead.

Made from a catalogue: a place may know a paper, may know only others like it, or may give one of the same title.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from rapidfuzz import fuzz, process

from papers.digests.titles import title_key
from tests.servers.upstream import Reply, Upstream, atom, paper

HTML = "<!doctype html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"


@dataclass(frozen=True)
class Work:
    """A paper as the world has it; `by` names it in its authors, so that a test can tell whose facts were taken."""

    number: int
    title: str
    abstract: str
    year: int
    arxiv: str | None
    by: str

    @property
    def authors(self) -> list[str]:
        return [f"Ada {self.by}", f"Bo {self.by}"]


class World:
    """The places' answers. `faults` (path part: replies) come before the true ones, each once."""

    def __init__(self, upstream: Upstream, works: Sequence[Work], *, scholar: set[int], openalex: set[int],
                 twins: Mapping[int, Work]):
        self.works, self.twins = works, twins
        self.scholar, self.openalex = scholar, openalex
        self.titles = {work.number: title_key(work.title) for work in works}
        self.by_arxiv = {work.arxiv: work for work in works if work.arxiv}
        self.faults: dict[str, list[Reply]] = {}
        self.asked = 0
        upstream.rules.append(self.answer)

    def answer(self, path: str, query: dict) -> Reply | None:
        place, _, rest = path.lstrip("/").partition("/")
        if place not in ("semantic_scholar", "openalex", "hugging_face", "arxiv_api"):
            return None
        self.asked += 1
        if self.faults.get(place) and self.asked % 7 == 0:
            return self.faults[place].pop()
        return getattr(self, f"_{place}")(unquote(rest), query)

    def _nearest(self, title: str, known: set[int]) -> list[Work]:
        """The works known there, the nearest title first; in place of one that has a twin, the twin."""
        choices = {number: key for number, key in self.titles.items() if number in known}
        found = process.extract(title_key(title), choices, scorer=fuzz.ratio, limit=3)
        by_number = {work.number: work for work in self.works}
        return [self.twins.get(number, by_number[number]) for _, _, number in found]

    def _semantic_scholar(self, rest: str, query: dict) -> Reply:
        if rest.endswith("search/match"):
            found = self._nearest(query["query"], self.scholar)
            if not found or fuzz.ratio(title_key(query["query"]), title_key(found[0].title)) < 40:
                return Reply(json.dumps({"error": "Title match not found"}), 404)
            return Reply(json.dumps({"data": [self._scholar(found[0]) | {"matchScore": 131.8}]}))
        work = self.by_arxiv.get(rest.rpartition("ARXIV:")[2])
        if work is None or work.number not in self.scholar:
            return Reply(json.dumps({"error": f"Paper with id {rest} not found"}), 404)
        return Reply(json.dumps(self._scholar(work)))

    def _scholar(self, work: Work) -> dict:
        outside = {"CorpusId": 7_000_000 + work.number} | ({"ArXiv": work.arxiv} if work.arxiv else {})
        return {"paperId": f"{work.number:040x}", "externalIds": outside, "title": work.title,
                "venue": "Annals of Tests", "abstract": work.abstract if work.number % 3 else None, "year": work.year,
                "publicationDate": f"{work.year}-03-01", "references": [],
                "authors": [{"authorId": str(work.number), "name": name} for name in work.authors]}

    def _openalex(self, rest: str, query: dict) -> Reply:
        if "filter" in query:
            found = self._nearest(query["filter"].partition(":")[2], self.openalex)
            return Reply(json.dumps({"meta": {"count": len(found), "page": 1, "per_page": 25},
                                     "results": [self._work(work) for work in found], "group_by": []}))
        work = self.by_arxiv.get(rest.lower().rpartition("arxiv.")[2])
        if work is None or work.number not in self.openalex:
            return Reply(HTML.replace("502", "404"), 404)
        return Reply(json.dumps(self._work(work)))

    def _work(self, work: Work) -> dict:
        words: dict[str, list[int]] = {}
        for place, word in enumerate(work.abstract.split()):
            words.setdefault(word, []).append(place)
        landing = f"https://arxiv.org/abs/{work.arxiv}" if work.arxiv else None
        return {"id": f"https://openalex.org/W{4_000_000 + work.number}", "doi": None, "title": work.title,
                "display_name": work.title, "publication_year": work.year, "publication_date": f"{work.year}-03-01",
                "is_retracted": work.number % 50 == 1, "abstract_inverted_index": words,
                "primary_location": {"landing_page_url": landing, "source": {"display_name": "Annals of Tests"}},
                "authorships": [{"author_position": "first", "author": {"display_name": name}}
                                for name in work.authors]}

    def _hugging_face(self, rest: str, query: dict) -> Reply:
        work = self.by_arxiv.get(rest.rpartition("/")[2])
        if work is None or work.number % 4:
            return Reply(json.dumps({"error": "Paper not found"}), 404)
        return Reply(json.dumps({
            "id": work.arxiv, "title": work.title, "summary": work.abstract, "upvotes": 3,
            "authors": [{"_id": "6", "name": name, "hidden": False} for name in work.authors],
            "publishedAt": f"{work.year}-03-01T00:00:00.000Z", "githubRepo": f"https://github.com/tests/work{work.number}"}))

    def _arxiv_api(self, rest: str, query: dict) -> Reply:
        works = [self.by_arxiv[name] for name in query["id_list"].split(",") if name in self.by_arxiv]
        return Reply(atom([paper(work.arxiv or "", work.title, f"{work.year}-03-01", work.authors[0])
                           | {"abstract": work.abstract} for work in works]))
