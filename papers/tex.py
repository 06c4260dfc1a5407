"""Text for LaTeX and BibTeX files: it prints as it reads and runs nothing. Every such export escapes here."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from pylatexenc.latexencode import UnicodeToLatexEncoder

# The braces as formulas' signs: BibTeX counts those it sees, whether or not a backslash stands before
SIGNS = {"\\": r"\textbackslash{}", "{": r"$\lbrace$", "}": r"$\rbrace$", "~": r"\textasciitilde{}",
         "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#",
         "_": r"\_", "–": "--", "—": "---", "†": r"$^{\dagger}$", "‡": r"$^{\ddagger}$"}
# What LaTeX reads as it stands, beside the letters of Latin scripts
READ = frozenset("‘’“”…§¶©®°·¿¡£")
_symbols = UnicodeToLatexEncoder(unknown_char_policy="keep", unknown_char_warning=False,
                                 replacement_latex_protection="none")

# The one part of a title that may stay LaTeX: a formula of these names, letters, digits and signs, and accents
ATOMS = frozenset("""alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi
 varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi
 Psi Omega ell hbar infty partial nabla forall exists emptyset in notin subset subseteq cup cap times cdot pm mp div ast
 star circ bullet oplus otimes le leq ge geq ne neq ll gg sim simeq approx equiv propto to rightarrow leftarrow
 leftrightarrow Rightarrow mapsto uparrow downarrow ldots cdots dots sum prod int log ln exp min max sup inf arg lim sin
 cos tan tanh det dim ker gcd Pr mid parallel perp langle rangle lfloor rfloor lceil rceil top bot wedge vee neg prime
 dagger quad""".split())
WRAPPERS = frozenset("mathcal mathbb mathrm mathbf mathit mathsf mathtt mathfrak boldsymbol text textbf textit hat bar "
                     "tilde vec dot ddot widehat widetilde overline underline sqrt operatorname".split())
TWO = frozenset(("frac", "binom"))
LONGEST = 200  # characters of a formula

_KEPT = re.compile(
    r"(?P<formula>\$(?=\S)[^$\\]*(?:\\.[^$\\]*)*(?<=\S)\$(?!\d))"  # so "$5 and $6" is none
    r"""|(?P<accent>\\["'`^~=.](?:\{(?:[A-Za-z]|\\[ij])\}|[A-Za-z]|\\[ij](?![A-Za-z]))|\\[uvHcdbr]\{[A-Za-z]\})"""
    r"|(?P<escaped>\\[&%$#_])", re.S)
_TOKEN = re.compile(r"\\(?P<name>[A-Za-z]+)|\\[,;:! ]|(?P<space>\s)|(?P<frame>[{}_^])|[A-Za-z0-9,.;:!?()\[\]/|<>=+*-]")
_SCRIPTS = r"(?:_[xg](?:\^[xg])?|\^[xg](?:_[xg])?)?"
_FLAT = rf"{_SCRIPTS}(?:[xgW]{_SCRIPTS})*"
_GROUP, _WRAPPED, _FORMULA = re.compile(r"\{" + _FLAT + r"\}"), re.compile("w[xg]|f[xg][xg]"), re.compile(_FLAT)
_CORPORATE = re.compile(r"\s+and\s+|^the\s|,.*,|\b(?:team|collaboration|consortium|group|committee|project|initiative|"
                        r"university|institute|laborator(?:y|ies)|labs?|inc|ltd|llc|gmbh|corp|corporation)\b\.?$", re.I)


def escaped(text: str) -> str:
    r"""The text on one line, its braces balanced. Kept are formulas of harmless commands, accents and earlier escapes.

    >>> print(escaped(r"50% of $\beta$_x, \input{/etc/passwd}"))
    50\% of $\beta$\_x, \textbackslash{}input$\lbrace$/etc/passwd$\rbrace$
    """
    text = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())
    out: list[str] = []
    at = 0
    while found := _KEPT.search(text, at):
        out += map(_sign, text[at:found.start()])
        if found["formula"] and not _harmless(found["formula"][1:-1]):
            out.append(_sign("$"))  # the next formula may begin where this one seemed to end
            at = found.start() + 1
            continue
        out.append(found.group())
        at = found.end()
    out += map(_sign, text[at:])
    return "".join("{}" + piece if before[-1:] == piece[:1] == "$" and before != SIGNS["$"] else piece  # never $$
                   for before, piece in pairwise(["", *out]))


def author(name: str) -> str:
    """One name of a BibTeX list, in braces where it has to stay whole: an organisation's, or signs alone."""
    name = " ".join(name.split())
    whole = _CORPORATE.search(name) or not re.search(r"[^\W_]", name)
    return f"{{{escaped(name)}}}" if whole else escaped(name)


def address(text: str) -> str:
    r"""A URL, DOI or other identifier as \url takes it: what could end or escape it is written in per cent.

    >>> print(address(r"https://a.org/x_1?b=50%25&c#d}\input{e"))
    https://a.org/x_1?b=50%25&c#d%7D%5Cinput%7Be
    """
    return re.sub(r"[^!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]",
                  lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")), text)


def _sign(character: str) -> str:
    if character in SIGNS:
        return SIGNS[character]
    if character.isascii() or character in READ or unicodedata.name(character, "").startswith(("LATIN", "COMBINING")):
        return character
    latex = _symbols.unicode_to_latex(character)
    if formula := re.fullmatch(r"\\ensuremath\{(.*)\}", latex):
        return f"${formula[1]}$"
    return latex if latex == character else f"{{{latex}}}"


def _harmless(formula: str) -> bool:
    """Whether TeX can set it and it can do nothing else: known commands, balanced groups, one script of a kind each."""
    if not formula.strip() or len(formula) > LONGEST:
        return False
    shape, at = "", 0
    while at < len(formula):
        token = _TOKEN.match(formula, at)
        if token is None:
            return False
        at, name = token.end(), token["name"]
        if name and name not in ATOMS | WRAPPERS | TWO:
            return False
        if not token["space"]:
            shape += token["frame"] or ("x" if not name or name in ATOMS else "w" if name in WRAPPERS else "f")
    before = ""
    while before != shape:
        before, shape = shape, _WRAPPED.sub("W", _GROUP.sub("g", shape))
    return _FORMULA.fullmatch(shape) is not None
