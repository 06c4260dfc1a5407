"""What the pages and the API accept."""

from datetime import datetime
from typing import Any

from django import forms
from pydantic_core import core_schema

from papers.digests.columns import FIELDS
from papers.extensions import YOURS_ALONE, Asker, extensions
from papers.parameters import MOST_ID, MOST_LETTERS, on_the_calendar
from papers.selectors import SORTS

UPLOAD_LIMIT = 32 * 2**20  # bytes in one digest, pasted or uploaded


class PaperFilter(forms.Form):
    """The papers page's address: unknown or broken values are reported and left out. Registered filters are fields;
    of those that speak of an account's own the one that asks is given on."""

    q = forms.CharField(required=False, max_length=MOST_LETTERS)
    digest = forms.IntegerField(required=False, min_value=1, max_value=MOST_ID)
    cluster = forms.IntegerField(required=False, min_value=1, max_value=MOST_ID)
    year = forms.IntegerField(required=False, min_value=1600, max_value=2200)
    since = forms.DateTimeField(required=False)
    after = forms.IntegerField(required=False, min_value=1, max_value=MOST_ID)
    sort = forms.ChoiceField(required=False, choices=[("", "")] + [(sort, sort) for sort in SORTS])

    def clean_since(self) -> datetime | None:
        since = self.cleaned_data["since"]
        try:
            return on_the_calendar(since) if since else None
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def __init__(self, *args, asker: Asker = None, **options):
        super().__init__(*args, **options)
        self.asker = asker
        for name, offered in extensions.filters.items():
            self.fields[name] = forms.ChoiceField(required=False, label=offered.title,
                                                  choices=[("", ""), *offered.values.items()])

    def clean(self):
        for name, offered in extensions.filters.items():
            if self.asker is None and offered.personal and self.cleaned_data.get(name):
                self.add_error(name, f"{name} {YOURS_ALONE}")
        return super().clean()

    def values(self) -> dict:
        """The keyword arguments of `selectors.paper_list` that were given and are valid."""
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        return given if self.asker is None else {**given, "asker": self.asker}

    def ignored(self) -> list[str]:
        """What was left out: names, and sentences about what is an account's own."""
        return [said if YOURS_ALONE in (said := str(said_all[0])) else name for name, said_all in self.errors.items()]


class OneOf:
    """Annotates a parameter of the API: the values of a registered filter, or nothing."""

    def __init__(self, name: str):
        self.name = name

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        return {**handler(schema), "enum": [*extensions.filters[self.name].values, ""]}

    def _known(self, value: str) -> str:
        if value and value not in extensions.filters[self.name].values:
            raise ValueError(f"{self.name} is {extensions.filters[self.name].in_words}")
        return value


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, each within the limit; an empty file is left for the reader to explain."""

    def __init__(self, **options):
        super().__init__(widget=FilesInput, allow_empty_file=True, **options)

    def clean(self, data, initial=None):
        files = [super(FilesField, self).clean(file, initial) for file in data or [] if file]
        too_large = [file.name for file in files if file.size > UPLOAD_LIMIT]
        if too_large:
            raise forms.ValidationError(
                f"{', '.join(too_large)}: larger than {UPLOAD_LIMIT >> 20} MB. Split the file, or import it on the "
                "server with “manage.py ingest”, which has no such limit.")
        return files


class DigestForm(forms.Form):
    """Pasted text, files, or both."""

    text = forms.CharField(required=False, strip=False, label="Paste a digest",
                           widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}))
    name = forms.CharField(required=False, max_length=255, label="Name of the pasted text")
    files = FilesField(required=False, label="Files")  # type: ignore[assignment]  # the form's own is `self.files`

    def clean_text(self) -> str:
        text = self.cleaned_data["text"].replace("\r\n", "\n")  # browsers send CRLF whatever was pasted
        if len(text.encode()) > UPLOAD_LIMIT:
            raise forms.ValidationError(f"The text is larger than {UPLOAD_LIMIT >> 20} MB. Save it as a file and "
                                        "import it on the server with “manage.py ingest”.")
        return text if text.strip() else ""

    def clean(self):
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not (cleaned.get("text") or cleaned.get("files")):
            raise forms.ValidationError("Paste some text or choose a file.")
        return cleaned

    def uploads(self) -> list[tuple[str, bytes, dict[str, str]]]:
        """(name, bytes, columns) of the paste and of every file; nobody has said anything of their columns yet."""
        uploads: list[tuple[str, bytes, dict[str, str]]] = [
            (file.name, file.read(), {}) for file in self.cleaned_data["files"]]
        if self.cleaned_data["text"]:
            uploads.insert(0, (self.cleaned_data["name"] or "pasted text", self.cleaned_data["text"].encode(), {}))
        return uploads


class ColumnChoice:
    """What a preview's form says of the columns of its tables: "columns-1-title" is the second upload's."""

    def __init__(self, values):
        self.values = values

    def of(self, upload: int) -> dict[str, str]:
        """Field to heading; empty where no title was chosen, which means that the headings shall tell."""
        chosen = {field: heading for field in FIELDS
                  if (heading := self.values.get(f"columns-{upload}-{field}", "").strip()[:200])}
        return chosen if "title" in chosen else {}
