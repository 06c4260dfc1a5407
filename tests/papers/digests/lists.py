"""Lists of papers written in every format, for property tests and fuzzing."""

import json
from email.message import EmailMessage
from html import escape

ABSTRACT = ("Layers that sort themselves are studied on three small tasks with fixed budgets. The rule costs one "
            "extra pass and needs no labels. On all three tasks the sorted network matches the unsorted one. We "
            "also say when it does not help, and why the gain vanishes as the batch grows beyond one machine.")


def trending_blank(titles: list[str]) -> bytes:
    head = ("new\n\nGet trending papers in your email inbox!\n\nSubscribe\n\nbyAK and the research community\n\n"
            "Mar 12\n\n")
    return (head + "\n\n".join(f"{title}\n\n{ABSTRACT}" for title in titles)).encode()


def trending_dense(titles: list[str]) -> bytes:
    return ("Get trending papers in your email inbox!\nSubscribe" +
            "\n".join(f"{title}\n{ABSTRACT}" for title in titles)).encode()


def newsletter(titles: list[str]) -> bytes:
    return "\n\n".join(f"{title}\n\n{ABSTRACT}" for title in titles).encode()


def _rows(titles: list[str]) -> list[dict]:
    return [{"title": title, "abstract": ABSTRACT, "authors": [{"name": "Ada Example"}], "year": 2024}
            for title in titles]


def json_list(titles: list[str]) -> bytes:
    return json.dumps(_rows(titles), indent=1).encode()


def json_lines(titles: list[str]) -> bytes:
    return "\n".join(map(json.dumps, _rows(titles))).encode()


def json_several_lists(titles: list[str]) -> bytes:
    half = len(titles) // 2
    return json.dumps({"meta": {"count": 2}, "papers": _rows(titles[:half]), "results": _rows(titles[half:])}).encode()


def json_lists_joined(titles: list[str]) -> bytes:
    half = len(titles) // 2
    return json_list(titles[:half]) + b"\n" + json_list(titles[half:])


def atom(titles: list[str]) -> bytes:
    entries = "".join(f"<entry>\n<id>http://arxiv.org/abs/2403.{number:05}v1</id><title>{escape(title)}</title>\n<summary>"
                      f"{ABSTRACT}</summary><author><name>Ada Example</name></author></entry>\n"
                      for number, title in enumerate(titles, 1))
    return f"<?xml version='1.0'?>\n<feed xmlns='http://www.w3.org/2005/Atom'>\n{entries}</feed>\n".encode()


def atom_feeds_joined(titles: list[str]) -> bytes:
    half = len(titles) // 2
    return atom(titles[:half]) + atom(titles[half:])


def bibtex(titles: list[str]) -> bytes:
    return "\n".join(f"@article{{key{number},\n  title = {{{title}}},\n  author = {{Example, Ada and Sample, Bo}},\n"
                     f"  year = {{2024}}\n}}" for number, title in enumerate(titles)).encode()


def bibtex_in_one_line(titles: list[str]) -> bytes:
    return " ".join(f'@misc{{k, title = "{title}", year = 2024}}' for title in titles).encode()


def _mail(content: str, kind: str = "plain") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Papers", "a@example.org", "b@example.org"
    message.set_content(content, kind)
    return message


def mail(titles: list[str]) -> bytes:
    return _mail(newsletter(titles).decode()).as_bytes()


def mail_html(titles: list[str]) -> bytes:
    return _mail("<html><body>" + "".join(
        f"<h2>{escape(title)}</h2><p>{ABSTRACT} (<a href='https://example.org/{number}'>paper</a>)</p>"
        for number, title in enumerate(titles)) + "</body></html>", "html").as_bytes()


def mail_with_attachment(titles: list[str]) -> bytes:
    message = _mail("The list is attached.")
    message.add_attachment(bibtex(titles), maintype="application", subtype="x-bibtex", filename="list.bib")
    return message.as_bytes()


WRITERS = (trending_blank, trending_dense, newsletter, json_list, json_lines, json_several_lists, json_lists_joined,
           atom, atom_feeds_joined, bibtex, bibtex_in_one_line, mail, mail_html, mail_with_attachment)
