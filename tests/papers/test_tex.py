"""Exports for LaTeX and BibTeX: whatever a title holds prints as it reads, and runs nothing."""

from __future__ import annotations

import re

import bibtexparser
import pytest
from bibtexparser.middlewares.names import split_multiple_persons_names
from hypothesis import example, given
from hypothesis import strategies as st
from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexencode import get_builtin_uni2latex_dict
from pylatexenc.latexwalker import LatexMacroNode, LatexWalker

from papers.bibliography.formats import bibtex
from papers.bibliography.items import item_of
from papers.models import Paper
from papers.tex import ATOMS, SIGNS, TWO, WRAPPERS, author, escaped

SPELT = {"textbackslash", "textasciitilde", "textasciicircum", "lbrace", "rbrace"}
SYMBOLS = set(re.findall(r"\\([A-Za-z]+)", " ".join(get_builtin_uni2latex_dict().values())))
ACCENTS = set("\"'`^~=.uvHcdbr")
HOSTILE = [
    r"\input{/etc/passwd}", r"\input/etc/passwd", r"\write18{ls}", r"\immediate\write18{rm -rf ~}", r"\catcode`\@=11",
    "^^5cinput{/etc/passwd}", r"\csname input\endcsname", "{", "}", "{{{", "}}}", "}x{", "a } b { c", "ends with \\",
    "\\", "\\\\", "50% off", "% all", "~ ^ _ # & $", "$", "$$", "$x", "$ 5", r"$\input{a}$", r"$\write18{ls}$",
    r"$x_1_2$", r"$x^2^3$", r"$\frac{1}$", r"$x^\sqrt{2}$", r"${$", r"$}$", r"\$\input{a}$ and $",
    "a\n\nb", "\x00\x07x", r"\begin{filecontents}{x.tex}", r"\openout1=x", r"\def\x{\x}\x", r"\let\input=\relax",
    "`` ''", "<script>", r"\verb|x|", "@misc{x, title = {y}}", "},\n title = {other", r"\u{input}", r"\'\input{a}",
    "$5 and $6", "#1 ##2"]


def macros(nodes) -> set[str]:
    """The names of all commands, at any depth."""
    found = set()
    for node in nodes or []:
        if node is None:
            continue
        if isinstance(node, LatexMacroNode):
            found.add(node.macroname)
        found |= macros(getattr(node, "nodelist", None))
        arguments = getattr(node, "nodeargd", None)
        found |= macros(arguments.argnlist if arguments else None)
    return found


def braces_balance(text: str) -> bool:
    """As BibTeX counts them: a backslash before one changes nothing."""
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return depth == 0


def check_harmless(text: str) -> None:
    assert braces_balance(text) and "\n" not in text and "^^" not in text and not text.count("\0")
    nodes, _, _ = LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
    allowed = SPELT | ACCENTS | set("&%$#_,;:! ij-") | ATOMS | WRAPPERS | TWO
    assert macros(nodes) <= allowed | SYMBOLS, text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_title_prints_as_it_reads(text):
    out = escaped(text)
    check_harmless(out)
    read = LatexNodes2Text(keep_comments=True).latex_to_text(out)
    kept = text
    for sign, reads in (("\\$", "$"), ("\0", ""), ("\x07", ""), ("``", "“"), ("''", "”"), ("^", "ˆ")):
        kept = kept.replace(sign, reads)
    assert "".join(read.split()) == "".join(kept.split())


@given(st.text(st.sampled_from("\\{}$%^_~&#@ab1 '`\"\n") | st.characters(codec="utf-8"), max_size=40))
@example("$\\")
@example("\\$\\")
def test_no_text_whatever_breaks_out(text):
    out = escaped(text)
    assert braces_balance(out) and "^^" not in out
    check_harmless(f"{{{out}}}")


@pytest.mark.parametrize("text,expected", [
    (r"A $\beta$-VAE, R\&D at 5\%", r"A $\beta$-VAE, R\&D at 5\%"),
    ("R&D at 5% for $10 #1 a_b", r"R\&D at 5\% for \$10 \#1 a\_b"),
    (r"$O(n \log n)$ and $\mathbb{R}^{d_k}$", r"$O(n \log n)$ and $\mathbb{R}^{d_k}$"),
    (r"$x_i^2 + \frac{1}{\sqrt{n}}$, 10$^{-3}$", r"$x_i^2 + \frac{1}{\sqrt{n}}$, 10$^{-3}$"),
    ("Schölkopf, Łukasz, Đặng: naïve “cafés”", "Schölkopf, Łukasz, Đặng: naïve “cafés”"),
    ("β-VAE ≤ 2×", r"$\beta$-VAE $\leq$ 2{\texttimes}"),
    (r'M\"obius, \'{E}tude, \c{c}a', r'M\"obius, \'{E}tude, \c{c}a'),
    ("$5 and $6", r"\$5 and \$6"),
])
def test_what_people_write_stays(text, expected):
    assert escaped(text) == expected
    check_harmless(expected)


@pytest.mark.parametrize("name,expected", [
    ("The R and D Team", "{The R and D Team}"), ("Jörg Müller", "Jörg Müller"), ("OpenAI, Inc.", "{OpenAI, Inc.}"),
    ("ATLAS Collaboration", "{ATLAS Collaboration}"), ("Bo & Co", r"Bo \& Co"), ("Smith, John", "Smith, John"),
    ("A, B, C, D", "{A, B, C, D}"), ("Ananda Sand", "Ananda Sand"), (r"\input{x}", escaped(r"\input{x}")),
    ("Gemini\nand Team", "{Gemini and Team}")])
def test_an_organisation_is_one_name(name, expected):
    assert author(name) == expected


def test_hostile_papers_are_one_readable_entry_each():
    papers = [Paper(cite_key=f"key{number}", title=text, title_key=str(number), abstract=text, doi=f"10.1/{text}",
                    authors=["Ana Lima", text, "The R and D Team", " "], urls=[f"https://a.org/{text}"], year=2020)
              for number, text in enumerate(HOSTILE)]
    library = bibtexparser.parse_string("".join(bibtex.write(map(item_of, papers))))
    assert not library.failed_blocks and len(library.entries) == len(papers) == len(library.entries_dict)
    for entry in library.entries:
        fields = {field.key: field.value for field in entry.fields}
        assert set(fields) <= {"title", "author", "year", "doi", "url", "abstract"}
        assert all(map(braces_balance, fields.values()))
        names = split_multiple_persons_names(fields["author"])
        assert len(names) == 3, (fields["author"], names)
        assert names[0] == "Ana Lima" and names[2] == "{The R and D Team}"
        check_harmless(fields["title"])
        assert not set(fields["url"] + fields["doi"]) & set("\\{}^ \"<>\n\0")


def test_every_sign_is_spelt_in_one_way():
    for sign, spelt in SIGNS.items():
        assert escaped(f"a{sign}b") == f"a{spelt}b"
