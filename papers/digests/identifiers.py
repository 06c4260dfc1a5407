"""The identifiers that sites beside arXiv and the DOI give a paper, in the spellings they are written in."""

import re
from collections.abc import Iterable, Iterator

OPENREVIEW, ACL, PUBMED, SEMANTIC_SCHOLAR, CORPUS, OPENALEX = (
    "openreview", "acl", "pubmed", "semanticscholar", "corpus", "openalex")
NAMES = {"arxiv": "arXiv", "doi": "DOI", OPENREVIEW: "OpenReview", ACL: "ACL Anthology", PUBMED: "PubMed",
         SEMANTIC_SCHOLAR: "Semantic Scholar", CORPUS: "Semantic Scholar corpus", OPENALEX: "OpenAlex"}
ADDRESSES = {"arxiv": "https://arxiv.org/abs/{}", "doi": "https://doi.org/{}",
             OPENREVIEW: "https://openreview.net/forum?id={}", ACL: "https://aclanthology.org/{}/",
             PUBMED: "https://pubmed.ncbi.nlm.nih.gov/{}/",
             SEMANTIC_SCHOLAR: "https://www.semanticscholar.org/paper/{}",
             CORPUS: "https://api.semanticscholar.org/CorpusID:{}", OPENALEX: "https://openalex.org/{}"}

# What stands alone where a field is said to hold such an identifier, and the addresses and prefixes around it
_FORMS = {
    OPENREVIEW: (r"[\w-]{8,16}", r"openreview\.net/(?:forum|pdf|attachment|references/pdf)/?\?(?:[^#\s]*&)?id="),
    ACL: (r"[A-Z]\d\d-\d{4,5}|\d{4}\.[a-z\d]+(?:-[a-z\d]+)?\.\d+",
          r"(?:aclanthology\.org|aclweb\.org/anthology(?:/papers/[A-Z]/[A-Z]\d\d)?|aclanthology\.info/papers)/"),
    PUBMED: (r"\d{4,9}", r"(?:pubmed\.ncbi\.nlm\.nih\.gov/|ncbi\.nlm\.nih\.gov/pubmed/|pmid:?\s*)"),
    SEMANTIC_SCHOLAR: (r"[0-9a-f]{40}", r"semanticscholar\.org/(?:paper/(?:[^/\s?#]+/)?|arxiv/|reader/)"),
    CORPUS: (r"\d{3,12}", r"(?:(?:api\.)?semanticscholar\.org/)?corpus_?id:\s*"),
    OPENALEX: (r"W\d{4,12}", r"(?:openalex\.org/(?:works/)?|api\.openalex\.org/works/)"),
}
_ALONE = {kind: re.compile(form, re.I) for kind, (form, _) in _FORMS.items()}
_ADDRESSED = {kind: re.compile(rf"(?:^|[/.\s])(?:{prefix})({form})(?![\w-])", re.I)
              for kind, (form, prefix) in _FORMS.items()}
_ACL_DOI = re.compile(r"10\.(?:18653/v1|3115/v1)/([a-z]\d\d-\d{4,5}|\d{4}\.[a-z\d]+-[a-z\d]+\.\d+)")
_FIELDS = {  # of JSON records and of BibTeX entries; those of `externalIds` and `ids` too
    "openreview_id": OPENREVIEW, "openreview": OPENREVIEW, "forum": OPENREVIEW, "acl_id": ACL, "acl": ACL,
    "pmid": PUBMED, "pubmed": PUBMED, "pubmed_id": PUBMED, "paperid": SEMANTIC_SCHOLAR, "s2id": SEMANTIC_SCHOLAR,
    "corpusid": CORPUS, "corpus_id": CORPUS, "openalex": OPENALEX, "openalex_id": OPENALEX}


def normal_identifier(kind: str, value) -> str | None:
    """The bare identifier of that kind in an identifier or an address; None when it is none.

    >>> normal_identifier("pubmed", "https://pubmed.ncbi.nlm.nih.gov/31452104/")
    '31452104'
    >>> normal_identifier("acl", "https://aclanthology.org/p18-1001.pdf")
    'P18-1001'
    """
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text or len(text) > 1000:
        return None
    found = _ALONE[kind].fullmatch(text)
    bare = found[0] if found else addressed[1] if (addressed := _ADDRESSED[kind].search(text)) else None
    return bare and _spelled(kind, bare)


def _spelled(kind: str, bare: str) -> str:
    if kind == ACL:
        return bare.upper() if "-" in bare[:4] else bare.lower()
    if kind == PUBMED or kind == CORPUS:
        return bare.lstrip("0")
    return bare.upper() if kind == OPENALEX else bare if kind == OPENREVIEW else bare.lower()


def find_identifiers(urls: Iterable[str], doi: str | None = None) -> Iterator[tuple[str, str]]:
    """(kind, identifier) of every address that is a paper's page on such a site, and what a DOI itself says."""
    for url in urls:
        if "arxiv.org" not in url and len(url) <= 1000:
            for kind, pattern in _ADDRESSED.items():
                if found := pattern.search(url):
                    yield kind, _spelled(kind, found[1])
    if doi and (found := _ACL_DOI.fullmatch(doi)):
        yield ACL, _spelled(ACL, found[1])


def named_identifiers(fields: dict) -> Iterator[tuple[str, str]]:
    """(kind, identifier) of the fields that are named after such a site, also inside `externalIds` and `ids`."""
    for name, value in fields.items():
        if name in ("externalIds", "ids") and isinstance(value, dict):
            yield from named_identifiers(value)
        elif (kind := _FIELDS.get(name.lower())) and (bare := normal_identifier(kind, value)):
            yield kind, bare
