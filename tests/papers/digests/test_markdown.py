"""Markdown: the lists of papers that people keep in repositories."""

from datetime import date

import pytest

from papers.digests.reading import read_digest
from papers.digests.records import DigestError
from tests.papers.digests.test_cases import CASES


def read(text: str | bytes):
    return read_digest(text.encode() if isinstance(text, str) else text, "README.md")


def only(text: str):
    """The one record of a list with this item, which must leave no reject."""
    parsed = read(text)
    assert not parsed.rejects, parsed.rejects
    (record,) = parsed.records
    return record


def test_a_daily_table():
    (path,) = CASES.glob("A6_*")
    parsed = read(path.read_bytes())
    assert [
        (record.title, record.arxiv_id, record.published_on, record.authors, record.urls, record.line)
        for record in parsed.records
    ] == [
        (
            "Calm Schedules for Noisy Gradients",
            "2606.99001",
            date(2026, 6, 26),
            ("Ada Example",),
            ("https://github.com/example/calm",),
            8,
        ),
        ("Margins That Know Their Class", "2606.99002", date(2026, 6, 25), ("Cy Placeholder",), (), 9),
    ]
    assert not parsed.rejects


ID = "https://arxiv.org/abs/2305.01234"


@pytest.mark.parametrize(
    ("item", "title", "expected"),
    [
        (
            f"- [Calm Schedules for Gradients]({ID}) - Ada Example et al., NeurIPS 2020. [[code](https://github.com/a/b)]",
            "Calm Schedules for Gradients",
            {"authors": ("Ada Example",), "year": 2020, "urls": ("https://github.com/a/b",)},
        ),
        (
            f"* **Calm Schedules** *Ada Example, Bo Sample*, ICLR 2021 [[paper]({ID})] [[code](https://github.com/a/b)]",
            "Calm Schedules",
            {"authors": ("Ada Example", "Bo Sample"), "year": 2021, "urls": ("https://github.com/a/b",)},
        ),
        (
            f"+ Calm Schedules. Ada Example, Bo Sample. CVPR 2019. [[Paper]]({ID})",
            "Calm Schedules",
            {"authors": ("Ada Example", "Bo Sample"), "year": 2019},
        ),
        (f"- [2023/05] **Calm Schedules** [[paper]({ID})]", "Calm Schedules", {"year": 2023}),
        (f"- (ICLR 2021) Calm Schedules [paper]({ID})", "Calm Schedules", {"year": 2021}),
        (f"- **[ICLR 2022]** Calm Schedules: A Study. [[paper]]({ID})", "Calm Schedules: A Study", {"year": 2022}),
        (f"- **SAM**: Segment Nearly Anything [[paper]({ID})]", "SAM: Segment Nearly Anything", {}),
        (
            f"* **Calm Schedules**<br>\n  *Ada Example, Bo Sample.*<br>\n  NeurIPS 2020. [[Paper]({ID})]",
            "Calm Schedules",
            {"authors": ("Ada Example", "Bo Sample"), "year": 2020},
        ),
        (
            f"- [Calm Schedules for Noise]({ID})\n  - Ada Example, Bo Sample\n  - *ICLR 2020*\n  - [Code](https://github.com/a/b)",
            "Calm Schedules for Noise",
            {"authors": ("Ada Example", "Bo Sample"), "year": 2020, "urls": ("https://github.com/a/b",)},
        ),
        (
            f"- Calm Schedules for Noise\n  - [paper]({ID})\n  - [code](https://github.com/a/b)",
            "Calm Schedules for Noise",
            {},
        ),
        (
            f'- "Calm Schedules", Ada Example et al., 2018. [pdf]({ID})',
            "Calm Schedules",
            {"authors": ("Ada Example",), "year": 2018},
        ),
        (
            f"1. Calm Schedules, with Noise? [[paper]({ID})] ![](https://img.shields.io/x.svg)",
            "Calm Schedules, with Noise?",
            {},
        ),
        (
            f"1) **Calm Schedules** - step sizes shrink – and grow – with the noise. [Paper]({ID}) | [Tweet](https://x.com/a/status/1)",
            "Calm Schedules",
            {
                "abstract": "step sizes shrink – and grow – with the noise.",
                "described": True,
                "urls": ("https://x.com/a/status/1",),
            },
        ),
        (
            f"- [Calm Schedules]({ID}), [Ada Example](https://ada.example.org/), [Bo Sample](https://bo.example.org/me)",
            "Calm Schedules",
            {"authors": ("Ada Example", "Bo Sample"), "urls": ()},
        ),
        (
            f"- Calm Schedules for Noise arXiv:2305.01234\n- [Two]({ID.replace('4', '5')})"[:45],
            "Calm Schedules for Noise",
            {},
        ),
        (
            f"### Calm Schedules\n*Ada Example, Bo Sample*\n\n[Paper]({ID}) | [Code](https://github.com/a/b)\n\n"
            "Step sizes shrink with the noise, and grow where there is none of it.",
            "Calm Schedules",
            {
                "authors": ("Ada Example", "Bo Sample"),
                "abstract": "Step sizes shrink with the noise, and grow where there is none of it.",
            },
        ),
        (
            f'- Example, Ada, and Bo Sample. "**Calm Schedules**." Nature 521 (2015): 436. [[pdf]({ID})] **(Survey)**',
            "Calm Schedules",
            {"authors": ("Ada Example", "Bo Sample"), "year": 2015},
        ),
        (
            f"- Calm Schedules, Example et al., ICML'19. [arXiv]({ID})",
            "Calm Schedules",
            {"authors": ("Example",), "year": 2019},
        ),
        (f"- Why **Calm** schedules work [paper]({ID})", "Why Calm schedules work", {}),
        (f"### [1] Calm Schedules\n[Paper]({ID})", "Calm Schedules", {}),
        (
            f"- **`NeurIPS 2021`** *Ada Example, Bo Sample* [Calm Schedules]({ID})",
            "Calm Schedules",
            {"authors": ("Ada Example", "Bo Sample"), "year": 2021},
        ),
        (
            f"**Calm Schedules**  \nAda Example and Bo Sample  \n[[paper]({ID})]",
            "Calm Schedules",
            {"authors": ("Ada Example", "Bo Sample")},
        ),
    ],
)
def test_items(item, title, expected):
    record = only("# Papers\n\n## Group\n\n" + item + "\n")
    assert record.title == title and record.arxiv_id == "2305.01234" and record.line == 5
    assert {name: getattr(record, name) for name in expected} == expected


def test_a_weekly_table_and_tables_with_links():
    parsed = read(
        "| **Paper** | **Links** |\n| --- | --- |\n| 1) **Calm** - step sizes that shrink with the noise. | "
        f"[Paper]({ID}), [Tweet](https://x.com/b) |\n| 2) **Margins** <br> learned from the counts of classes. | "
        "[Paper](https://arxiv.org/abs/2402.00002) |\n\n"
        "Date | Paper | Code\n---|---|---\n2024-02-03 | [Buffers](https://openreview.net/forum?id=x) | [yes](https://github.com/a/b)\n"
    )
    assert [(record.title, record.abstract, record.arxiv_id) for record in parsed.records] == [
        ("Calm", "step sizes that shrink with the noise.", "2305.01234"),
        ("Margins", "learned from the counts of classes.", "2402.00002"),
        ("Buffers", "", None),
    ]
    assert parsed.records[2].urls == ("https://github.com/a/b", "https://openreview.net/forum?id=x")
    assert parsed.records[2].published_on == date(2024, 2, 3)


README = f"""---
title: "A list"
date: 2024-01-01
---
<p align="center"><img src="logo.png"><a href="https://awesome.re"><img src="https://awesome.re/badge.svg"></a></p>

# Awesome Schedules [![Awesome](https://awesome.re/badge.svg)](https://awesome.re)

## Contents
- [Vision](#vision)
  - [Tables and charts of it](#tables-and-charts)

## Vision
- Groups
  - [Calm Schedules]({ID})
  - [Margins](https://doi.org/10.5555/margins)
<details><summary>More</summary>

- [Buffers](https://example.org/buffers.pdf)

</details>

- [PyTorch](https://pytorch.org) - a framework for learning
- A wish that nobody wrote down yet

| Model | Speed |
|---|---|
| [a](https://example.org/a) | 3 |

```bash
- [Not a paper](https://arxiv.org/abs/2305.99999)
```
"""


def test_what_is_no_paper_is_passed_over_or_named():
    parsed = read(README)
    assert [record.title for record in parsed.records] == ["Calm Schedules", "Margins", "Buffers"]
    assert [(reject.line, reject.reason.partition(":")[0]) for reject in parsed.rejects] == [
        (23, "its links lead to no paper"),
        (24, "words without a link to a paper"),
        (26, "a table"),
    ]


def test_a_text_in_markdown_that_lists_nothing():
    for text in (
        "# Install\n\nRun it with some care, and read the manual before you do so, please.\n\n# Use\n\nJust do.\n",
        "# Papers\n\n- [A](https://example.org)\n- [Some long name](https://github.com/a/b)\n",
    ):
        with pytest.raises(DigestError, match="README.md: (?:no paper could|Markdown without)"):
            read(text)


def test_how_to_cite_the_list_does_not_make_it_bibtex():
    cite = "\n## Citation\n```bibtex\n@misc{list,\n  title = {A List of Papers},\n  year = {2024}\n}\n```\n"
    parsed = read(f"# Papers\n\n- [Calm Schedules]({ID})\n- [Margins](https://doi.org/10.5555/margins)\n{cite}")
    assert [record.title for record in parsed.records] == ["Calm Schedules", "Margins"]
    assert parsed.format == "Markdown"


def test_an_unclosed_script_does_not_take_the_list_along():
    assert [record.title for record in read(f"# <script> a\n\n<style>\n\n- [Calm Schedules]({ID})\n").records] == [
        "Calm Schedules"
    ]
