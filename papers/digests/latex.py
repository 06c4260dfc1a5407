r"""LaTeX in titles, names and abstracts, read as text.

The signs come from pylatexenc's table. The reading is our own, in one pass and without recursion: these are fragments
in which a bare % or & is a plain character, and a macro nobody knows must not take its words along.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from pylatexenc.latex2text import get_default_latex_context_db

_TOKEN = re.compile(r"\\([a-zA-Z]+)\*?|\\(.)|[{}~]|---?|``|''", re.S)
_SPECIAL = re.compile(r"[\\${}~`]|--")
_QUOTED = re.compile(r"(?<![\w`])`([^`']{1,300})'(?![\w'])")
_MATH = re.compile(r"\\.|(\$\$?)((?:[^$\\]|\\.)++)\1(\d?)", re.S)
_OPTION = re.compile(r"\s*\[[^\[\]{}\n]{0,80}\]")
_GROUP = re.compile(r"\s*\{(?!\s*\})")
_VERBATIM = re.compile(r"([^\w\s])(.{0,1000}?)\1")
_NESTING = 30  # macros waiting for arguments inside one another; deeper ones are passed over

_ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
            "c": "\u0327", "k": "\u0328", "H": "\u030b", "v": "\u030c", "u": "\u0306", "d": "\u0323", "b": "\u0331",
            "r": "\u030a", "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303",
            "bar": "\u0304", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c", "breve": "\u0306",
            "acute": "\u0301", "grave": "\u0300", "mathring": "\u030a", "not": "\u0338", "h": "\u0309", "t": "\u0361",
            "textcommabelow": "\u0326", "cb": "\u0326"}
_SPACES = set(" ,;:>\\\n\t")
_NOTHING = set("!-/@+()[]")
_SWITCHES = set("""normalfont rmdefault
    bf it em sc tt rm sf sl cal bfseries itshape scshape mdseries upshape slshape ttfamily sffamily
    rmfamily displaystyle textstyle scriptstyle left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr middle
    xspace protect relax noindent centering small large Large footnotesize normalsize limits nolimits boldmath
    item""".split())
_WRAPPERS = set("""emph textbf textit textsc texttt textrm textsf textsl textsuperscript textsubscript mathrm mathbf
    mathit mathsf mathtt mathcal mathscr mathfrak mathbb boldsymbol bm operatorname""".split())
_LETTERS = set("aa AA ae AE oe OE o O l L ss SS i j dh DH th TH dj DJ ng NG".split())  # take the space after them


def _fraction(over: str, under: str) -> str:
    return "/".join(part if re.fullmatch(r"[\w.]+", part) else f"({part})" for part in (over, under))


_CALLS: dict[str, tuple[int, Callable[..., str]]] = {  # macro: how many arguments, and what they read as
    **{name: (2, _fraction) for name in ("frac", "tfrac", "dfrac", "nicefrac", "sfrac")},
    "sqrt": (1, lambda root: f"√{root}" if len(root) == 1 else f"√({root})"),
    "href": (2, lambda address, words: words), "texorpdfstring": (2, lambda typeset, words: words),
    "textcolor": (2, lambda colour, words: words), "colorbox": (2, lambda colour, words: words),
    **{name: (2, lambda over, under: f"C({over},{under})") for name in ("binom", "dbinom", "tbinom")},
    "raisebox": (2, lambda height, words: words), "footnote": (1, lambda words: f" [{words}]"),
    **{name: (1, lambda key: f"[{key}]") for name in ("cite", "citep", "citet", "citeyear", "citeauthor")},
    **{name: (1, lambda _: "") for name in ("color", "label", "begin", "end", "phantom", "includegraphics", "thanks")},
    **{name: (1, lambda _: " ") for name in ("hspace", "vspace")},
}


def _signs() -> dict[str, str]:
    table = get_default_latex_context_db()
    signs = {macro.macroname: macro.simplify_repl
             for macro in table.iter_macro_specs(["latex-base", "advanced-symbols"])
             if isinstance(macro.simplify_repl, str) and macro.simplify_repl and "%" not in macro.simplify_repl}
    del signs["today"]
    return {**signs, "LaTeX": "LaTeX", "TeX": "TeX", "BibTeX": "BibTeX", "textless": "<", "textgreater": ">",
            "textbar": "|", "textasciicircum": "^", "euro": "€", "ne": "≠", "copyright": "©", "degree": "°", "S": "§",
            "P": "¶", "lq": "‘", "rq": "’", "space": " ", "slash": "/", "quad": " ", "qquad": " ", "newline": " ",
            "par": " ", "Pr": "Pr", "textunderscore": "_", "textdollar": "$", "lbrace": "{", "rbrace": "}",
            "backslash": "\\", "textperiodcentered": "·", "&": "&", "pounds": "£", "flqq": "«", "frqq": "»",
            "flq": "‹", "frq": "›", "glqq": "„", "grqq": "“", "glq": "‚", "grq": "‘", "prime": "′"}


_SIGNS = _signs()


@dataclass(slots=True)
class _Call:
    """A macro that waits for its arguments."""

    macro: str
    wanted: int
    arguments: list[str] = field(default_factory=list)

    def text(self) -> str:
        if self.macro in _CALLS:
            return _CALLS[self.macro][1](*self.arguments)
        return _accented(self.macro, self.arguments[0].strip())


def has_latex(text: str) -> bool:
    r"""Whether a text that need not be LaTeX holds some: a backslash or a pair of $ around what can be a formula."""
    return "\\" in text or ("$" in text and any(found[1] and _is_formula(found) for found in _MATH.finditer(text)))


def plain(text: str) -> str:
    """The text, read as LaTeX where it holds some."""
    return latex_to_text(text) if has_latex(text) else text


def latex_to_text(text: str) -> str:
    r"""The text with accents and signs as characters and without commands, braces and math delimiters.

    A macro without a sign of its own keeps the text of its argument, or its name where it has none.

    >>> latex_to_text(r"{\'E}tude of \textbf{$\beta$-VAE}s, 5\% ``faster''")
    'Étude of β-VAEs, 5% “faster”'
    >>> latex_to_text(r"\method: na{\"\i}ve 50% of $100 & \href{https://example.org}{more} in $\mathcal{O}(n \log n)$")
    'method: naïve 50% of $100 & more in O(n log n)'
    """
    if not _SPECIAL.search(text):
        return " ".join(text.split())
    if "$" in text:
        text = _MATH.sub(lambda found: _freed(found) if found[1] and _is_formula(found) else found[0], text)
    read = unicodedata.normalize("NFC", "".join(_Reader(text).out))
    if "`" in read:
        read = _QUOTED.sub(r"‘\1’", read.replace("!`", "¡").replace("?`", "¿"))
    return " ".join(read.split())


def _freed(found: re.Match) -> str:
    """A formula without its $, and what stands behind; a macro at its end ends there, whatever letter follows."""
    return found[2] + ("{}" if _MACRO_LAST.search(found[2]) else "") + found[3]


_MACRO_LAST = re.compile(r"\\[A-Za-z]+$")


def _is_formula(found: re.Match) -> bool:
    """Between two $: a formula and no two prices, by what it holds or, as pandoc has it, by its edges."""
    inside = found[2]
    return any(sign in inside for sign in "\\^_{=") or inside in ("<", ">", "+", "-", "~", "|", "*") or \
        not (inside[0].isspace() or inside[-1].isspace() or found[3])


def _accented(accent: str, letters: str) -> str:
    if not letters:
        return "" if accent.isalpha() else accent
    if len(letters) > 1 and accent.isalpha() and len(accent) > 2 and accent != "textcommabelow":
        return letters  # a hat over a whole word
    base = {"ı": "i", "ȷ": "j"}.get(letters[0], letters[0])
    return unicodedata.normalize("NFC", base + _ACCENTS[accent]) + letters[1:]


class _Reader:
    """One pass over the text. `out` is what it reads as; `open` holds groups (where they begin in `out`) and calls."""

    def __init__(self, text: str):
        self.out: list[str] = []
        self.open: list[int | _Call] = []
        self.calls = 0
        self.quoted = self.swallow = False
        at = 0
        for token in _TOKEN.finditer(text):
            if token.start() < at:
                continue  # inside what the token before has taken
            self._literal(text[at:token.start()])
            at = token.end()
            self.swallow = False
            if token[1]:
                at = self._macro(token[1], text, at)
            elif token[2]:
                self._sign(token[2])
            elif token[0] == "{":
                self.open.append(len(self.out))
            elif token[0] == "}":
                self._close()
            else:
                self._give(self._mark(token[0]))
        self._literal(text[at:])
        while self.open:
            self._close()

    def _mark(self, mark: str) -> str:
        if mark == "``":
            self.quoted = True
        elif mark == "''" and not self.quoted:
            return mark
        return {"~": " ", "--": "–", "---": "—", "``": "“", "''": "”"}[mark]

    def _literal(self, text: str) -> None:
        if self.swallow:
            text = text.lstrip()
        while text and self.open and isinstance(self.open[-1], _Call):
            if not (text := text.lstrip()):
                return
            self._give(text[0])
            text = text[1:]
        if text:
            self.out.append(text)

    def _give(self, text: str) -> None:
        """Hand over what is an argument where one is awaited, and text otherwise."""
        while self.open and isinstance(call := self.open[-1], _Call):
            call.arguments.append(text)
            if len(call.arguments) < call.wanted:
                return
            self.open.pop()
            self.calls -= 1
            text = call.text()
        self.out.append(text)

    def _close(self) -> None:
        while self.open and isinstance(call := self.open[-1], _Call):  # no argument came: what did come stays
            self.open.pop()
            self.calls -= 1
            self.out.append("".join(call.arguments) or (call.macro if call.macro in "'`^\"~=." else ""))
        if self.open and isinstance(start := self.open.pop(), int) and self.open and isinstance(self.open[-1], _Call):
            inside = "".join(self.out[start:])
            del self.out[start:]
            self._give(inside)

    def _call(self, macro: str, wanted: int) -> None:
        if self.calls < _NESTING:
            self.open.append(_Call(macro, wanted))
            self.calls += 1

    def _sign(self, sign: str) -> None:
        if sign in _ACCENTS:
            self._call(sign, 1)
        elif sign not in _NOTHING:
            self._give(" " if sign in _SPACES else "‖" if sign == "|" else sign)

    def _macro(self, name: str, text: str, at: int) -> int:
        """Read the macro that ends at `at`; where to go on."""
        if name in _CALLS or (name in _ACCENTS and not (len(name) == 1 and name in _SIGNS)):
            self._call(name, _CALLS[name][0] if name in _CALLS else 1)
            option = _OPTION.match(text, at) if name in _CALLS else None
            return option.end() if option else at
        if name == "verb" and (verbatim := _VERBATIM.match(text, at)):
            self._give(verbatim[2])
            return verbatim.end()
        if name in _SIGNS:
            self.swallow = name in _LETTERS or name.startswith(("text", "CYR", "cyr"))
            self._give(_SIGNS[name])
        elif name in _SWITCHES:
            self.swallow = name != "xspace"
        elif not (name in _WRAPPERS or _GROUP.match(text, at)):
            self._give(name)
        return at
