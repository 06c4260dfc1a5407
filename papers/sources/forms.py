"""The form of a source, and the box for identifiers."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from papers.sources.addresses import MASK
from papers.sources.kinds.arxiv import CATEGORY
from papers.sources.kinds.folder import allowed_folder
from papers.sources.kinds.imap import server_of
from papers.sources.models import Source
from papers.sources.passwords import PREFIX, encrypted

LEAST_MINUTES = {Source.FOLDER: 1, Source.IMAP: 5}
LEAST_ELSEWHERE, MOST_MINUTES = 15, 60 * 24 * 30
SECURITY = [("tls", "TLS"), ("none", "none (inner networks only)")]


class SourceForm(forms.ModelForm):
    """A source of any kind; only the fields of its kind count. A password is taken and never shown again."""

    categories = forms.CharField(required=False, max_length=500, help_text="such as cs.LG, stat.ML")
    query = forms.CharField(required=False, max_length=500, help_text="in arXiv's words, in place of categories: "
                            "ti:distillation AND cat:cs.CV")
    feed = forms.CharField(required=False, max_length=2000, label="Address of the feed",
                           help_text="RSS, Atom or JSON; http or https")
    server = forms.CharField(required=False, max_length=300, help_text="imap.example.org or imap.example.org:993")
    user = forms.CharField(required=False, max_length=300)
    secret = forms.CharField(required=False, max_length=500, strip=False, label="Password",
                             widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))
    mailbox = forms.CharField(required=False, max_length=300, label="Mail folder", initial="INBOX")
    sender = forms.CharField(required=False, max_length=300, help_text="only mails from this address or domain")
    security = forms.ChoiceField(required=False, choices=SECURITY, initial="tls", label="Encryption")
    path = forms.CharField(required=False, max_length=1000, label="Folder on the server")

    class Meta:
        model = Source
        fields = ["name", "kind", "password_variable", "every_minutes", "daily_at"]
        labels = {"password_variable": "or the variable that holds the password", "every_minutes": "Every … minutes",
                  "daily_at": "or daily at"}
        widgets = {"daily_at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")}

    def __init__(self, data: Any = None, *, instance: Source | None = None):
        known = instance or Source()
        shown = {"feed": known.address if known.kind == Source.FEED else "",
                 "server": known.address if known.kind == Source.IMAP else "",
                 "path": known.address if known.kind == Source.FOLDER else "",
                 "categories": ", ".join(known.options.get("categories", [])),
                 "mailbox": known.options.get("folder", "INBOX"),
                 **{name: known.options[name] for name in ("query", "user", "sender", "security")
                    if name in known.options}}
        if known.kind == Source.FEED and known.place != known.address:
            shown["feed"] = known.place  # with its secrets hidden; sent back so, it stays as it is
        super().__init__(data, instance=instance, initial=shown)
        self.fields["secret"].help_text = "one is stored; leave this empty to keep it" if known.password else \
            "stored encrypted, never shown again"
        self.fields["password_variable"].help_text = f"set where the workers run; its name begins with {PREFIX}"
        self.before = (known.address, known.password)

    def clean(self):
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("kind")
        if kind:
            getattr(self, f"_clean_{kind}")(cleaned)
            self._clean_schedule(cleaned, kind)
        return cleaned

    def _clean_arxiv(self, cleaned: dict) -> None:
        query = " ".join((cleaned.get("query") or "").split())
        categories = list(dict.fromkeys(re.split(r"[\s,;+]+", (cleaned.get("categories") or "").strip()))) \
            if (cleaned.get("categories") or "").strip() else []
        wrong = [name for name in categories if not CATEGORY.fullmatch(name)]
        if wrong:
            self.add_error("categories", f"{', '.join(wrong)[:200]}: no category of arXiv; they read like cs.LG or "
                                         "hep-th")
        elif len(categories) > 20:
            self.add_error("categories", "at most 20 categories in one source")
        elif bool(query) == bool(categories):
            self.add_error("categories", "give categories or a query, one of them")
        self.instance.address = ""
        self.instance.options = {"query": query} if query else {"categories": categories}

    def _clean_daily_papers(self, cleaned: dict) -> None:
        self.instance.address, self.instance.options = "", {}

    def _clean_feed(self, cleaned: dict) -> None:
        address = (cleaned.get("feed") or "").strip()
        if MASK in address and address == self.initial.get("feed"):
            address = self.before[0]
        if not re.match(r"https?://[^\s/]", address):
            self.add_error("feed", "an address begins with http:// or https://")
        elif MASK in address:
            self.add_error("feed", "enter the whole address again, with what is hidden in it")
        self.instance.address, self.instance.options = address, {}

    def _clean_imap(self, cleaned: dict) -> None:
        server, security = (cleaned.get("server") or "").strip(), cleaned.get("security") or "tls"
        try:
            server_of(server, security == "tls")
        except ValueError as error:
            self.add_error("server", str(error))
        if not cleaned.get("user"):
            self.add_error("user", "a mail folder needs a user")
        texts = [cleaned.get(name) or "" for name in ("user", "mailbox", "sender", "secret")]
        if any(re.search(r"[\x00-\x1f\x7f]", text) for text in texts):
            self.add_error("user", "control characters are not sent to a mail server")
        variable = cleaned.get("password_variable") or ""
        if variable and not re.fullmatch(PREFIX + r"[A-Z0-9_]+", variable):
            self.add_error("password_variable", f"its name is {PREFIX} and capital letters, digits or _")
        moved = self.before[0] and self.before[0] != server  # a stored password is not sent to another server
        self.instance.password = encrypted(cleaned["secret"]) if cleaned.get("secret") else \
            "" if variable or moved else self.before[1]
        if not (self.instance.password or variable):
            self.add_error("secret", "enter the password again: the server is another one" if moved else
                           "enter the password, or name a variable that holds it")
        self.instance.address = server
        self.instance.options = {"user": cleaned.get("user") or "", "folder": cleaned.get("mailbox") or "INBOX",
                                 "sender": cleaned.get("sender") or "", "security": security}

    def _clean_folder(self, cleaned: dict) -> None:
        try:
            self.instance.address = str(allowed_folder((cleaned.get("path") or "").strip()))
        except (ValueError, OSError, RuntimeError) as error:
            self.add_error("path", str(error))
        self.instance.options = {}

    def _clean_schedule(self, cleaned: dict, kind: str) -> None:
        minutes, daily, least = cleaned.get("every_minutes"), cleaned.get("daily_at"), \
            LEAST_MINUTES.get(kind, LEAST_ELSEWHERE)
        if "every_minutes" in self.errors or "daily_at" in self.errors:
            return
        if bool(minutes) == bool(daily):
            self.add_error("every_minutes", "give an interval or a time of day, one of them")
        elif minutes and not least <= minutes <= MOST_MINUTES:
            self.add_error("every_minutes", f"between {least} and {MOST_MINUTES} minutes")
        if kind != Source.IMAP:
            self.instance.password = cleaned["password_variable"] = ""

    def source(self) -> Source:
        """The source as the form describes it, not saved. Only after `is_valid()`."""
        if self.errors:
            raise ValidationError(self.errors.as_data())
        return self.instance
