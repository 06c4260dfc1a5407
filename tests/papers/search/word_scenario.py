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


def store() -> None:
    from tests.papers.search.stored_texts import search_texts
    search_texts(*(("paper", key, title, body) for key, (title, body) in TEXTS.items()),
                 ("method", "arena/label-smoothing", "Label smoothing", "Softens the label."))


def answers() -> dict[str, list[str]]:
    """The keys found for each query, sorted: the order is each database's own."""
    from papers.models import SearchText
    from papers.search.lexical import search_words, snippets
    from papers.search.query import parse_query
    keys = dict(SearchText.objects.values_list("pk", "key"))
    found = {}
    for typed in QUERIES:
        query = parse_query(typed)
        hits = search_words(query, 50, kinds=["paper", "method"])
        snippets(query, [hit.text_id for hit in hits])
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
    from papers.search.lexical import search_words, snippets
    from papers.search.query import parse_query
    record = SearchText.objects.get(key="2")
    marked = snippets(parse_query("label noise"), [record.pk])[record.pk]
    SearchText.objects.filter(key="2").update(title="Zebras", body="stripes & <tags>")
    SearchText.objects.filter(key="1").delete()
    after = [row.text_id for row in search_words(parse_query("zebra"), 5, kinds=["paper"])]
    gone = search_words(parse_query('"language models"'), 5, kinds=["paper"])
    from tests.papers.search.stored_texts import search_texts
    search_texts(*TITLE_AGAINST_BODY)
    keys = dict(SearchText.objects.values_list("pk", "key"))
    okapi = [keys[hit.text_id] for hit in search_words(parse_query("okapi"), 5, kinds=["paper"])]
    print(json.dumps({"answers": before, "marked": marked, "followed": after == [record.pk], "gone": gone == [],
                      "titles_first": okapi == ["11", "10"]}))
