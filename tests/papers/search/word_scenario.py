"""One collection and many queries, answered alike by SQLite and PostgreSQL; run as a script it prints the answers."""

import json

TEXTS = {
    "1": ("Fine-tuning language models", "We fine-tune models on few examples. Label smoothing helps, as does "
          "regularization."),
    "2": ("Smoothing labels", "The label is smoothed. A survey of label noise in image models."),
    "3": ("ResNet-50 at scale", "Residual networks (ResNet-50, ResNet-101) with regularisers; see https://example.org."),
    "4": ("Regular expressions", "Nothing about learning: parsing C++ and C# code, AND/OR operators, 100% "
          "'quoted' \"text\"."),
    "5": ("Finetuning without labels", "An autoencoder is finetuned. Models smooth the labelling."),
    "6": ("Über naïve Bayes", "Größe und Maß: a study of the classifiers."),
}
TITLE_AGAINST_BODY = [("paper", "10", "Grass", "Where an okapi eats."),
                      ("paper", "11", "The okapi", "It eats grass.")]
QUERIES = [
    "label smoothing", '"label smoothing"', "model", "models", "fine-tuning", "finetuning", '"fine tuning"',
    "resnet-50", "resnet", "regular*", "regulari*", "label -survey", 'label -"label noise"', "-survey",
    "survey OR noise", "AND", "NOT", "NEAR(label, 2)", "c++", '"unclosed phrase', "*", "-", '""', "'quoted'", "100%",
    "(((", "title:label", "a:b^2", "{x}", "%s %d %(x)s", ";DROP TABLE papers_paper;", "\\", "label\x00smoothing",
    "größe", "🙂", "the", "label " * 300, "classifier", "labels noise zzz",
    "regularisation", "regularization", "regulariz*", "regularizer",
]


NAMES = {"1": ("Edward J. Hu", "Yelong Shen"), "2": ("Hu Wei", "Edward Smith"), "3": ("Łukasz Kaiser", "José Müller")}
IDS = {"1": {"arxiv_id": "2106.09685", "urls": ["https://openreview.net/forum?id=nZeVKeeFYf9", "https://github.com/a/b"]},
       "2": {"arxiv_id": "2106.0968"}, "3": {"doi": "10.18653/v1/p18-1001"}}
NAME_QUERIES = [
    "author:hu", 'author:"edward hu"', 'author:"Hu, E."', "author:ed*", "author:muller", "author:(kaiser OR shen)",
    "-author:hu has:arxiv", "2106.09685", "arXiv:2106.0968v2", "arxiv:2106.*", "doi:10.18653/*", "P18-1001",
    "https://openreview.net/pdf?id=nZeVKeeFYf9", "has:code", "source:openreview", "title:label", "title:label*",
    'title:"fine tuning"', "title:(resnet OR smoothing)", "kaiser", "shen smoothing", "survey OR regulari*",
]


def store_names() -> None:
    from papers.models import Paper
    from papers.search_texts import record_search_texts, search_row
    for key, authors in NAMES.items():
        Paper.objects.filter(pk=key).update(authors=list(authors), **IDS[key])
    record_search_texts(map(search_row, Paper.objects.filter(pk__in=NAMES)))


def name_answers() -> dict[str, list[str]]:
    """The keys found for each query about authors, identifiers and titles; meaning plays no part."""
    from papers.search.fusion import search
    from papers.search.suggest import suggestions
    found = {typed: sorted(hit.key for hit in search(typed).hits) for typed in NAME_QUERIES}
    return found | {"completed": [suggestion.text for typed in ("hu", "label", "author:mu", "smoo")
                                  for suggestion in suggestions(typed)]}


def store() -> None:
    from tests.papers.search.stored_texts import search_texts
    search_texts(*(("paper", key, title, body) for key, (title, body) in TEXTS.items()),
                 ("method", "arena/label-smoothing", "Label smoothing", "Softens the label."))


def answers() -> dict[str, list[str]]:
    """The keys found for each query, sorted: the order is each database's own."""
    from papers.models import SearchText
    from papers.search.lexical import search_words
    from papers.search.parsing import parse_query
    from papers.search.passages import passages
    keys = dict(SearchText.objects.values_list("pk", "key"))
    found = {}
    for typed in QUERIES:
        query = parse_query(typed)
        hits = search_words(query, 50, kinds=["paper", "method"])
        passages(query, SearchText.objects.filter(pk__in=[hit.text_id for hit in hits]))
        found[typed] = sorted(keys[hit.text_id] for hit in hits)
    return found


if __name__ == "__main__":
    import django
    from django.core.management import call_command
    django.setup()
    call_command("migrate", verbosity=0)
    store()
    before = answers()
    from papers.models import SearchText
    from papers.search.lexical import search_words
    from papers.search.parsing import parse_query
    from papers.search.passages import passages
    record = SearchText.objects.get(key="2")
    marked = passages(parse_query("label noise"), [record])[record.pk]
    SearchText.objects.filter(key="2").update(title="Zebras", body="stripes & <tags>")
    SearchText.objects.filter(key="1").delete()
    after = [row.text_id for row in search_words(parse_query("zebra"), 5, kinds=["paper"])]
    gone = search_words(parse_query('"language models"'), 5, kinds=["paper"])
    from tests.papers.search.stored_texts import search_texts
    search_texts(*TITLE_AGAINST_BODY)
    keys = dict(SearchText.objects.values_list("pk", "key"))
    okapi = [keys[hit.text_id] for hit in search_words(parse_query("okapi"), 5, kinds=["paper"])]
    store_names()
    print(json.dumps({"names": name_answers(), "answers": before,
                      "marked": marked, "followed": after == [record.pk], "gone": gone == [],
                      "titles_first": okapi == ["11", "10"]}))
