"""From the bytes of a file, a paste or a mail to records: open it, choose the format, parse.

A format is one module in `formats/`, found there by itself:

    NAME                      what it is called, at most 40 characters
    sniff(source) -> float    0 "not mine" to 1 "certainly mine"; cheap, and without exceptions
    parse(source) -> Parsed   its records and rejects; raises nothing but DigestError

A format that only wraps others (a mail) has `unwrap(source) -> list[Source]` in place of `parse`.
"""

import logging
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType

from papers.digests import formats
from papers.digests.columns import UnknownHeadings
from papers.digests.kinds import structure
from papers.digests.records import DigestError, Full, NothingListed, Parsed, Record, Reject
from papers.digests.source import Source, open_source

logger = logging.getLogger(__name__)

_WRAPPINGS = 3  # a mail in a mail in a mail


@cache
def all_formats() -> tuple[ModuleType, ...]:
    """The modules of `formats/`, by name."""
    return tuple(import_module(f"{formats.__name__}.{found.name}") for found in pkgutil.iter_modules(formats.__path__)
                 if not found.name.startswith("_"))


def read_digest(data: bytes, name: str, columns: Mapping[str, str] | None = None) -> Parsed:
    """The records, rejects and notes of one digest. Raises DigestError, naming the file, when nothing can be read.

    `columns` says which heading of a table is which field, where a person has said so (`papers.digests.columns`).

    NothingListed, a DigestError too, says that it was read well and holds no paper: an empty day, not a broken file.
    """
    source, notes = open_source(data, name, columns)
    parsed = _read(source, _WRAPPINGS)
    parsed.notes[:0] = notes
    if parsed.records:
        return parsed
    if parsed.rejects:
        first = parsed.rejects[0]
        place = f"line {first.line}: " if first.line is not None else ""
        raise DigestError(f"{name}: no paper could be read from it (taken for {parsed.format}): {place}{first.reason}",
                          tuple(parsed.rejects))
    raise NothingListed(f"{name}: no paper is listed in it (read as {parsed.format})")


def _read(source: Source, wrappings: int) -> Parsed:
    confidence, module = max(((_ask(module, source), module) for module in all_formats()), key=lambda pair: pair[0])
    if confidence <= 0:
        raise DigestError(f"{source.name}: {_refusal(source)}")
    try:
        if hasattr(module, "unwrap"):
            if not wrappings:
                raise DigestError(f"{source.name}: {module.NAME} inside {module.NAME}, too many times")
            return _joined(module.NAME, module.unwrap(source), wrappings - 1)
        parsed = module.parse(source)
    except Full as full:
        parsed = full.parsed
    except DigestError:
        raise
    except Exception as error:  # a fault of the reader, which must not take the page down
        logger.exception("%s failed on %s", module.__name__, source.name)
        raise DigestError(f"{source.name}: the reader for {module.NAME} failed on it ({type(error).__name__}: "
                          f"{error}). This is a fault of the reader and was logged.") from error
    if parsed.guessed:
        _refuse_bare(parsed, source)
    return parsed


def _ask(module: ModuleType, source: Source) -> float:
    try:
        return module.sniff(source)
    except Exception:  # one format's fault leaves the others to read it
        logger.exception("%s failed to sniff %s", module.__name__, source.name)
        return 0.0


def _joined(wrapper: str, sources: list[Source], wrappings: int) -> Parsed:
    """The parts of a mail as one digest; a part that cannot be read is a reject, unless none can."""
    whole, failures = None, []
    for source in sources:
        try:
            parsed = _read(source, wrappings)
        except DigestError as error:
            failures.append(error)
            continue
        if whole is None:
            whole = parsed
            if source is not sources[0]:
                whole.notes.insert(0, f"read from {source.name}")
            whole.notes.insert(0, f"a {wrapper}: lines are counted from the start of its text")
            continue
        whole.notes += [f"{source.name}: {note}" for note in parsed.notes]
        for record in parsed.records:
            whole.take(record)
        for reject in parsed.rejects:
            whole.reject(reject.line, f"{source.name}: {reject.reason}", reject.excerpt)
    if whole is None:
        if failures and isinstance(failures[0], UnknownHeadings):  # which are asked about of a file by itself
            raise DigestError(f"{failures[0]}; take the table out and import it by itself", failures[0].rejects)
        raise failures[0] if failures else DigestError(f"the {wrapper} has no text part")
    for failure in failures:
        whole.reject(None, str(failure))
    return whole


def _refusal(source: Source) -> str:
    kind = structure(source)
    names = sorted((module.NAME for module in all_formats()), key=str.casefold)
    if not kind:
        said = "this looks like plain text without a title followed by an abstract"
    elif any(re.search(rf"\b{re.escape(name)}\b", kind) for name in names):
        said = f"this looks like {kind}, but not like a list of papers in it"
    else:
        said = f"this {'looks like' if source.text else 'is'} {kind}, which is not read"
    return f"{said}. What is read: {', '.join(names)}."


def _refuse_bare(parsed: Parsed, source: Source) -> None:
    """Refuse what was only guessed to list papers when most of them are a title and nothing else."""
    bare = sum(_is_bare(record) for record in parsed.records)
    if bare * 2 > len(parsed.records):
        raise DigestError(
            f"{source.name}: this looks like {structure(source) or 'plain text'} rather than a list of papers: {bare} "
            f"of {len(parsed.records)} entries have only a title, without abstract, link or identifier",
            tuple(parsed.rejects) + tuple(Reject(record.line, "only a title", record.title[:160])
                                          for record in parsed.records[:20]))


def _is_bare(record: Record) -> bool:
    return not (record.abstract or record.urls or record.arxiv_id or record.doi)
