"""Formulas as docstrings write them, in plain text, set as formulas: Greek letters, indices, powers, signs.

>>> typeset("w <- w - lr * m_t / (sqrt(v_t) + eps)      (eq. 4)")
'w ← w − lr · m<sub>t</sub> / (√(v<sub>t</sub>) + ε)<span class="label">(eq. 4)</span>'
>>> typeset("loss = ||x - mu||^2 + beta1^{t+1} * log_prior")
'loss = ‖x − μ‖<sup>2</sup> + β<sub>1</sub><sup>t+1</sup> · log_prior'
"""

import re

from django.utils.html import escape

GREEK = dict(zip(
    "alpha beta gamma delta epsilon eps zeta eta theta kappa lambda lam mu nu xi pi rho sigma tau phi chi psi omega "
    "Gamma Delta Theta Lambda Pi Sigma Phi Psi Omega".split(),
    "α β γ δ ε ε ζ η θ κ λ λ μ ν ξ π ρ σ τ φ χ ψ ω Γ Δ Θ Λ Π Σ Φ Ψ Ω".split(), strict=True))
SIGNS = (("&lt;-", "←"), ("-&gt;", "→"), ("&lt;=", "≤"), ("&gt;=", "≥"), ("!=", "≠"), ("+-", "±"), ("||", "‖"))
BASES = r"[A-Za-zΑ-ω][A-Za-z]?(?:\u0302|&#x27;|\*)?|var|Σ|Π|∇|max|min|mean|argmax|argmin|[)\]‖]"


def typeset(line: str) -> str:
    """One line of a formula as HTML; a remark in brackets at its far end becomes its label."""
    label = re.search(r"\s{3,}(\(.*\))\s*$", line)
    text: str = escape(line[:label.start()] if label else line.rstrip())
    for written, sign in SIGNS:
        text = text.replace(written, sign)
    text = re.sub(r"(?<=\S) \* (?=\S)", " · ", text)
    text = re.sub(r"(?<=\S) - (?=\S)", " − ", text)
    text = re.sub(r"\bsqrt\b\s?", "√", text)
    text = re.sub(r"\bsum(?=_)", "Σ", text)
    text = re.sub(r"\bprod(?=_)", "Π", text)
    text = re.sub(r"\bgrad (?=\S)", "∇", text)
    text = re.sub(r"\binf(inity)?\b", "∞", text)
    text = re.sub(rf"\b({'|'.join(GREEK)})(\d*)(?=_|\b)",
                  lambda m: GREEK[m[1]] + (f"<sub>{m[2]}</sub>" if m[2] else ""), text)
    text = re.sub(r"\b([A-Za-zΑ-ω])_?hat(?=_|\b)", "\\1\u0302", text)
    text = re.sub(rf"(?<![A-Za-z_])({BASES})_(\{{[^{{}}]*\}}|\([^()]*\)|[A-Za-z0-9Α-ω]+)(?![_\w])",
                  lambda m: f"{m[1]}<sub>{m[2].strip('{()}')}</sub>", text)
    text = re.sub(r"\^(\{[^{}]*\}|\([^()]*\)|-?\w+)", lambda m: f"<sup>{m[1].strip('{}')}</sup>", text)
    return text + (f'<span class="label">{escape(label[1])}</span>' if label else "")
