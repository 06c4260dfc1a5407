"""Reported results found in abstracts against a labelled catalogue: precision and recall on (value, unit) pairs.

The labels are the `reported` lists of the records in the file that ASSAY_CATALOGUE names, else of
`catalogue/papers.jsonl` in a folder `shared` next to the repository; abstracts come by title from the digests of
ASSAY_DIGESTS, else of `digests` beside that folder. The rules were written on the records with an even id and, later,
on those of the others whose hash is even (development); nobody has looked at the rest, which are held out.

Pairs are distinct per paper. A found one is right when a label of its paper has its value and a unit of the same
kind: percent, multiple, score (points, a metric's own scale, a plain fraction of one; "% absolute" is both percent
and score), counts "of N", money, time and physical units by name. Labels that size things (tokens, parameters,
languages) are counted apart, by recall alone, as they name only some of the sizes an abstract tells. Where a label
gives a start value in its `versus` ("from 57% to 66%"), finding the start too is right; "precision strict" counts it
wrong.

    python -m bench.claims            the table
    python -m bench.claims --json     the same as JSON
    python -m bench.claims --errors   also every miss and every wrong result of the development part
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from bench._history import Figure, note, verdicts
from evaluations.reported.rules.vocabulary import COUNTED

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
GOAL = 0.9
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+")
_START = re.compile(rf"(?<![\w.-])(?:{_NUMBER.pattern})(?![\w-])")
_MAGNITUDE = re.compile(r"^\s?(K|k|M|G|B|T|thousand|million|billion|trillion)(?![A-Za-z])")
_FACTOR = {"k": 1e3, "t": 1e12, "m": 1e6, "b": 1e9, "g": 1e9, "thousand": 1e3,
           "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SIZES = re.compile(rf"^[KMBTkmbt]?\+?(?:\s|$)|\b(?:{COUNTED})\b|^[KMGTP]i?B\b|^entries|hours of", re.I)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--errors", action="store_true")
    options = parser.parse_args()
    catalogue = Path(os.environ.get("ASSAY_CATALOGUE") or SHARED / "catalogue" / "papers.jsonl")
    digests = sorted(Path(os.environ.get("ASSAY_DIGESTS") or SHARED / "digests").glob("*.txt"))
    if not catalogue.is_file() or not digests:
        print(f"Nothing to measure against: {'no catalogue' if not catalogue.is_file() else 'no digests'} found. Name "
              "them in ASSAY_CATALOGUE (a file) and ASSAY_DIGESTS (a folder).")
        return 0
    records, absent = labelled(catalogue, digests)
    result = {"records": len(records), "abstracts_not_found": absent}
    for part in ("development", "held out"):
        result[part] = measure([record for record in records if held_out(record["id"]) == (part == "held out")],
                               tell=options.errors and part == "development")
    result["seconds"] = cost([record["abstract"] for record in records])
    figures = [Figure(f"{part}: {name}", result[part][name], "", GOAL if part == "held out" else None,
                      more_is_better=True)
               for part in ("development", "held out") for name in ("precision", "recall")
               if result[part][name] is not None]
    figures += [Figure(f"processor seconds, {name}", seconds, "s") for name, seconds in result["seconds"].items()]
    changes = note("claims", figures)
    print(json.dumps(result, indent=1) if options.json else "\n".join([told(result), "", *verdicts(figures, changes)]))
    return 0


def held_out(number: int) -> bool:
    """Whether a record is only measured on. By its id, so that it stays so when records are added."""
    return bool(number % 2 and hashlib.sha256(str(number).encode()).digest()[0] % 2)


HOSTILE = ("1 ", "1.5 of is a 1 ", "12.5%, ", "over 3 the a ", "F1 1.5 ", "by 3% over a b c d e ")


def cost(abstracts: list[str]) -> dict[str, float]:
    """Processor seconds: a real abstract on average, and the worst of some made to be slow, as long as is read."""
    from evaluations.reported.rules.extraction import SENTENCE_LIMIT, TEXT_LIMIT, extract

    def seconds(text: str) -> float:
        start = time.process_time()
        extract(text)
        return time.process_time() - start

    made = [("The " + (part * SENTENCE_LIMIT)[:SENTENCE_LIMIT - 10] + ". ") * (TEXT_LIMIT // SENTENCE_LIMIT + 1)
            for part in HOSTILE]
    return {"an abstract": sum(map(seconds, abstracts)) / len(abstracts), "worst made": max(map(seconds, made))}


def labelled(catalogue: Path, digests: list[Path]) -> tuple[list[dict], int]:
    """Records that have both labels and an abstract; how many have labels and no abstract."""
    from papers.digests.reading import read_digest
    from papers.digests.titles import title_key
    abstracts: dict[str, str] = {}
    for path in digests:
        for record in read_digest(path.read_bytes(), path.name).records:
            key = title_key(record.title)
            abstracts[key] = max(abstracts.get(key, ""), record.abstract, key=len)
    records, absent = [], 0
    for line in catalogue.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record.get("reported") is None:
            continue
        abstract = abstracts.get(title_key(record["title"]))
        absent += abstract is None
        if abstract is not None:
            records.append({"id": record["id"], "abstract": abstract, "labels": record["reported"]})
    return records, absent


def kind(unit: str) -> str:
    """The unit's kind, by which labels and findings are compared."""
    unit = unit.strip().lower()
    if "point" in unit or unit in ("", "plain", "score", "-", "pp", "pts"):
        return "score"
    if "%" in unit or "percent" in unit:
        return "percent or score" if "absolute" in unit else "percent"
    if re.match(r"(?:x|×|times|fold|-fold)(?:\s|$)", unit) or "magnitude" in unit or "speedup" in unit:
        return "multiple"
    if " of " in unit:
        return "count of"
    if "$" in unit or unit in ("usd", "dollars"):
        return "money"
    for stem in ("millisecond", "second", "minute", "hour", "day", "fps", "db", "bit"):
        if stem in unit:
            return stem
    return {"ms": "millisecond", "s": "second"}.get(unit, "score")


def is_size(unit: str) -> bool:
    """Whether a label's unit counts things (tokens, languages) rather than telling how well something did."""
    return kind(unit) in ("score", "hour", "bit") and "point" not in unit and bool(unit) and bool(_SIZES.search(unit))


def same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-3 * max(abs(one), abs(other))


def ends(label: dict) -> list[float]:
    """A label's value, multiplied out; a range gives both ends, "1/7" its quotient."""
    value, unit = label["value"], label["unit"] or ""
    if "magnitude" in unit and not isinstance(value, str):
        return [10.0 ** value]
    if isinstance(value, str):
        if match := re.fullmatch(r"1/(\d+)", value.strip()):
            return [1 / int(match[1])]
        values = []
        for match in _NUMBER.finditer(value):
            letter = _MAGNITUDE.match(value[match.end():])
            values.append(float(match.group().replace(",", "")) * (_FACTOR[letter[1].lower()] if letter else 1))
        return values
    letter = _MAGNITUDE.match(unit)
    return [value * (_FACTOR[letter[1].lower()] if letter else 1)]


def measure(records: list[dict], *, tell: bool = False) -> dict:
    from evaluations.reported.rules.extraction import extract
    counts: Counter[str] = Counter()
    for record in records:
        found = extract(record["abstract"])
        for claim in found:
            if record["abstract"][claim.start:claim.end] != claim.quote:
                raise AssertionError(f"record {record['id']}: quote and span differ")
        results = distinct((claim.value, claim.unit) for claim in found if claim.kind == "result")
        sizes = [claim.value for claim in found if claim.kind == "scale"]
        counts["found"] += len(results)
        counts["found scale"] += len(sizes)
        starts = [float(m.group().replace(",", "")) for label in record["labels"]
                  for m in _START.finditer(label.get("versus") or "")]
        for value, unit in distinct((value, label["unit"] or "") for label in record["labels"]
                                    for value in ends(label)):
            group = "scale" if is_size(unit) else "results"
            counts[group] += 1
            match = next((pair for pair in results if same(pair[0], value)
                          and (group == "scale" or agree(kind(pair[1]), kind(unit)))), None)
            if match:
                results.remove(match)
                counts["right"] += 1
                counts[f"hit {group}"] += 1
            elif group == "scale" and (size := next((size for size in sizes if same(size, value)), None)) is not None:
                sizes.remove(size)
                counts["hit scale"] += 1
            elif tell:
                print(f"missed {record['id']}: {value:g} {unit}")
        for value, unit in results:
            start = any(same(value, other) for other in starts)
            counts["starts" if start else "wrong"] += 1
            if tell and not start:
                print(f"wrong  {record['id']}: {value:g} {unit}")
    right, wrong, starts = counts["right"], counts["wrong"], counts["starts"]
    return {"papers": len(records), "labelled_results": counts["results"], "found_results": counts["found"],
            "precision": ratio(right + starts, right + starts + wrong), "recall": ratio(counts["hit results"],
                                                                                        counts["results"]),
            "precision_strict": ratio(right, right + starts + wrong),
            "labelled_sizes": counts["scale"], "size_recall": ratio(counts["hit scale"], counts["scale"]),
            "found_sizes": counts["found scale"],
            "recall_of_all_labels": ratio(counts["hit results"] + counts["hit scale"],
                                          counts["results"] + counts["scale"])}


def distinct(pairs: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
    """The pairs without those that say the same value in the same kind of unit again."""
    kept: list[tuple[float, str]] = []
    for value, unit in pairs:
        if not any(same(value, other) and kind(unit) == kind(of) for other, of in kept):
            kept.append((value, unit))
    return kept


def agree(one: str, other: str) -> bool:
    return one == other or "percent or score" in (one, other) and {one, other} & {"percent", "score"} != set()


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def told(result: dict) -> str:
    lines = [f"{result['records']} labelled abstracts; {result['abstracts_not_found']} labelled papers in no digest\n",
             f"{'':<24}{'development':>14}{'held out':>12}"]
    for name in ("papers", "labelled_results", "found_results", "precision", "precision_strict", "recall",
                 "labelled_sizes", "found_sizes", "size_recall", "recall_of_all_labels"):
        one, two = (result[half][name] for half in ("development", "held out"))
        lines.append(f"{name.replace('_', ' '):<24}" + "".join(
            f"{'none' if value is None else f'{value:.3f}' if isinstance(value, float) else value:>{width}}"
            for value, width in ((one, 14), (two, 12))))
    lines += [f"{name}: {seconds:.4f} s" for name, seconds in result["seconds"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
