"""Mutated digests in every format: `python -m tests.fuzz_digests [HOW_MANY] [SEED]`.

Counts, by format, what must not be: an exception other than DigestError (crash), a fault the reading caught (caught),
more than five seconds (slow), and a title that is in the input, in no paper, and behind no reject (dropped).
Ends with 1 if there is any; the first inputs of each kind are kept in a folder that is named at the end.
"""

import logging
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from papers.digests.reading import read_digest
from papers.digests.records import DigestError, Parsed
from tests.papers.digest_texts import ATOM, BIBTEX, BLANK_LAYOUT, DENSE_LAYOUT
from tests.papers.digests import lists, reference_lists, table_lists

WRITERS = lists.WRITERS + reference_lists.WRITERS + table_lists.WRITERS
CASES = Path(__file__).parent / "papers" / "digests" / "cases"
SLOW = 5.0  # seconds
TITLE = re.compile(rb"\bZq\d{4}x\b")
NASTY = [b"{", b"}", b"[", b"]", b'"', b"\\", b"$", b"<", b">", b"&", b",", b"@article{", b"@comment{", b"\n", b"\n\n",
         b"\0", b"\xff", b"\xed\xa0\x80", "é".encode(), "\u202e".encode(), b"<![foo]>", b"<!--", b"<![CDATA[",
         b"&nbsp;", b"<entry>", b"</feed>", b"<?xml ?>", b"\\frac", b"{\\'", b'\\"', b"#", b"=", b"\r", b"1" * 5000,
         b"{" * 95, b"[" * 2000, b"null", b"NaN", b"\\ud800", b"title", b"<div>" * 50, b"http://[", b"https://arxiv.org/abs/",
         b"10.1000/", b"2024-99-99", b"Content-Type: text/html\n", b"=?utf-8?b?", b" " * 300, b"\t"]


def written(random_: random.Random) -> tuple[str, bytes]:
    """A list in one of the formats whose titles can be found again."""
    writer = random_.choice(WRITERS)
    titles = [f"Zq{random_.randrange(10_000):04}x Layers That Sort {number}" for number in range(random_.randint(2, 5))]
    return writer.__name__, writer(titles)


def mutated(data: bytes, random_: random.Random, samples: list[bytes]) -> bytes:
    for _ in range(random_.choice((1, 1, 1, 2, 3, 8))):
        a, b = sorted(random_.randrange(len(data) + 1) for _ in range(2))
        b = min(b, a + random_.choice((1, 3, 20, 200, 100_000)))
        match random_.randrange(7):
            case 0:
                data = data[:a] + data[b:]
            case 1:
                data = data[:a] + random_.choice(NASTY) + data[a:]
            case 2:
                data = data[:a] + random_.choice(NASTY) + data[b:]
            case 3:
                data = data[:b] + data[a:b] * random_.choice((1, 2, 30)) + data[b:]
            case 4:
                other = random_.choice(samples)
                start = random_.randrange(len(other) + 1)
                data = data[:a] + other[start:start + random_.choice((5, 100, 2000))] + data[a:]
            case 5:
                data = data[:a] + bytes([random_.randrange(256)]) + data[a + 1:]
            case _:
                data = data[:a]
    return data[:200_000]


def dropped(data: bytes, parsed: Parsed) -> list[bytes]:
    """Titles of the input that no paper holds and no reject stands for, at their line or where reading stopped."""
    words = " ".join(f"{record.title} {record.abstract}" for record in parsed.records) + \
        " ".join(f"{reject.excerpt} {reject.reason}" for reject in parsed.rejects)
    known = set(re.findall(r"q\d{4}x", words))  # an accent may have come upon the first letter
    first = min((reject.line or 0 for reject in parsed.rejects), default=None)
    return [title for title in set(TITLE.findall(data)) if title.decode()[1:] not in known
            and (first is None or first > data.count(b"\n", 0, data.index(title)) + 4)]


def main(how_many: int, seed: int) -> int:
    logging.disable(logging.CRITICAL)
    random_ = random.Random(seed)
    samples = [path.read_bytes() for path in sorted(CASES.iterdir()) if path.suffix != ".tsv"]
    samples += [text.encode() for text in (ATOM, BIBTEX, BLANK_LAYOUT, DENSE_LAYOUT)]
    tried, read, bad = Counter(), Counter(), Counter()
    slowest = 0.0
    kept = Path(tempfile.mkdtemp(prefix="fuzz_digests_"))
    for _ in range(how_many):
        kind, data = ("sample", random_.choice(samples)) if random_.random() < 0.4 else written(random_)
        data = mutated(data, random_, samples)
        tried[kind] += 1
        began, fault = time.process_time(), ""
        try:
            parsed = read_digest(data, "input.x")
            read[f"{kind} as {parsed.format}"] += 1
            if kind != "sample" and dropped(data, parsed):
                fault = "dropped"
        except DigestError as error:
            fault = "caught" if "fault of the reader" in str(error) else ""
        except Exception as error:
            fault = f"crash {type(error).__name__}"
        slowest = max(slowest, took := time.process_time() - began)
        if took > SLOW:
            fault = "slow"
        if fault:
            bad[kind, fault] += 1
            if bad[kind, fault] <= 5:
                (kept / f"{kind} {fault} {bad[kind, fault]}".replace(" ", "_")).write_bytes(data)
    for kind, count in sorted(tried.items()):
        faults = {fault: number for (of, fault), number in bad.items() if of == kind}
        as_formats = {name.removeprefix(f"{kind} as "): number for name, number in read.items()
                      if name.startswith(f"{kind} as ")}
        print(f"{kind}: {count} inputs, read as {as_formats}, faults {faults or 'none'}")
    print(f"{how_many} inputs, {sum(bad.values())} faults, slowest {slowest:.2f} s of processor time"
          + (f", kept in {kept}" if bad else ""))
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(*map(int, [*sys.argv[1:3], *("10000", "1")[len(sys.argv) - 1:]])))
