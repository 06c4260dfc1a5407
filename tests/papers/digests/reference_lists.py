"""Lists of papers as feeds, archives and reference managers write them, for property tests and fuzzing."""

from html import escape

ABSTRACT = ("Layers that sort themselves are studied on three small tasks with fixed budgets. The rule costs one extra "
            "pass and needs no labels.")


def rss(titles: list[str]) -> bytes:
    items = "".join(f"<item>\n<title>{escape(title)}</title>\n<link>https://example.org/{number}</link>"
                    f"<description>{ABSTRACT}</description></item>\n" for number, title in enumerate(titles))
    return f"<?xml version='1.0'?>\n<rss version='2.0'><channel><title>News</title>\n{items}</channel></rss>\n".encode()


def rdf(titles: list[str]) -> bytes:
    items = "".join(f"<item rdf:about='https://example.org/{number}'>\n<title>{escape(title)}</title>"
                    f"<dc:creator>Ada Example</dc:creator></item>\n" for number, title in enumerate(titles))
    return ("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' "
            "xmlns:dc='http://purl.org/dc/elements/1.1/'>\n<channel rdf:about='x'><title>News</title></channel>\n"
            f"{items}</rdf:RDF>\n").encode()


def _oai(metadata: list[str]) -> bytes:
    records = "".join(f"<record>\n<header><identifier>oai:example.org:{number}</identifier></header>\n"
                      f"<metadata>{inner}</metadata></record>\n" for number, inner in enumerate(metadata))
    return ("<?xml version='1.0'?>\n<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'>\n<ListRecords>"
            f"\n{records}</ListRecords></OAI-PMH>\n").encode()


def oai_dc(titles: list[str]) -> bytes:
    return _oai([f"<oai_dc:dc xmlns:oai_dc='http://www.openarchives.org/OAI/2.0/oai_dc/' "
                 f"xmlns:dc='http://purl.org/dc/elements/1.1/'>\n<dc:title>{escape(title)}</dc:title>"
                 "<dc:creator>Example, Ada</dc:creator></oai_dc:dc>" for title in titles])


def oai_arxiv(titles: list[str]) -> bytes:
    return _oai([f"<arXiv xmlns='http://arxiv.org/OAI/arXiv/'><id>2403.{number:05}</id>\n<title>{escape(title)}</title>"
                 f"<abstract>{ABSTRACT}</abstract></arXiv>" for number, title in enumerate(titles, 1)])


def arxiv_mail(titles: list[str]) -> bytes:
    return ("".join(f"{'-' * 78}\n\\\\\narXiv:2403.{number:05}\nDate: Thu, 2 Mar 2024 03:08:26 GMT   (7kb)\n\n"
                    f"Title: {title}\nAuthors: Ada Example and Bo Sample\n\\\\\n  {ABSTRACT}\n"
                    f"\\\\ ( https://arxiv.org/abs/2403.{number:05} ,  7kb)\n"
                    for number, title in enumerate(titles, 1)) + "-" * 78 + "\n").encode()


def ris(titles: list[str]) -> bytes:
    return "\n".join(f"TY  - JOUR\nAU  - Example, Ada\nTI  - {title}\nPY  - 2024\nAB  - {ABSTRACT}\nER  - \n"
                     for title in titles).encode()


def ris_old_tags_without_ends(titles: list[str]) -> bytes:
    return "".join(f"TY  - JOUR\r\nT1  - {title}\r\nA1  - Example, Ada\r\nY1  - 2024///\r\n"
                   for title in titles).encode("utf-8-sig")


def medline(titles: list[str]) -> bytes:
    return "\n".join(f"PMID- {number}\nOWN - NLM\nTI  - {title}\nAB  - {ABSTRACT}\nFAU - Example, Ada\nDP  - 2024\n"
                     for number, title in enumerate(titles, 30_000_000)).encode()


def refworks(titles: list[str]) -> bytes:
    return "\n".join(f"RT Journal Article\nSR Electronic\nID {number}\nA1 Example,Ada\nT1 {title}\nYR 2024\nER \n"
                     for number, title in enumerate(titles)).encode()


def refer(titles: list[str]) -> bytes:
    return "\n".join(f"%0 Journal Article\n%A Example, Ada\n%T {title}\n%D 2024\n%X {ABSTRACT}\n"
                     for title in titles).encode()


def refer_plain(titles: list[str]) -> bytes:
    return "\n".join(f"%A Ada Example\n%T {title}\n%D 2024\n%X {ABSTRACT}\n" for title in titles).encode()


def wos(titles: list[str]) -> bytes:
    return ("FN Clarivate Analytics Web of Science\nVR 1.0\n" + "".join(
        f"PT J\nAU Example, A\n   Sample, B\nTI {title}\nSO JOURNAL OF EXAMPLES\nPY 2024\nUT WOS:{number:015}\nER\n\n"
        for number, title in enumerate(titles)) + "EF\n").encode()


def wos_tabs(titles: list[str]) -> bytes:
    return ("PT\tAU\tAF\tTI\tSO\tAB\tPY\tDI\tUT\n" + "".join(
        f"J\tExample, A\tExample, Ada\t{title}\tEXAMPLES\t{ABSTRACT}\t2024\t\tWOS:{number}\n"
        for number, title in enumerate(titles))).encode("utf-16")


def endnote_xml(titles: list[str]) -> bytes:
    records = "".join(f"<record><titles>\n<title><style face='normal'>{escape(title)}</style></title></titles>"
                      "<contributors><authors><author>Example, Ada</author></authors></contributors>"
                      "<dates><year>2024</year></dates></record>\n" for title in titles)
    return f"<?xml version='1.0'?><xml><records>\n{records}</records></xml>".encode()


def mods(titles: list[str]) -> bytes:
    records = "".join(f"<mods>\n<titleInfo><title>{escape(title)}</title></titleInfo><abstract>{ABSTRACT}</abstract>"
                      "</mods>\n" for title in titles)
    return f"<modsCollection xmlns='http://www.loc.gov/mods/v3'>\n{records}</modsCollection>".encode()


def pubmed_xml(titles: list[str]) -> bytes:
    records = "".join(f"<PubmedArticle><MedlineCitation><PMID>{number}</PMID>\n<Article><ArticleTitle>{escape(title)}"
                      "</ArticleTitle></Article></MedlineCitation></PubmedArticle>\n"
                      for number, title in enumerate(titles, 30_000_000))
    return ('<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" '
            f'"https://example.org/pubmed.dtd">\n<PubmedArticleSet>\n{records}</PubmedArticleSet>').encode()


WRITERS = (rss, rdf, oai_dc, oai_arxiv, arxiv_mail, ris, ris_old_tags_without_ends, medline, refworks, refer,
           refer_plain, wos, wos_tabs, endnote_xml, mods, pubmed_xml)
