from django.urls import include, path

from papers import views
from papers.feeds import paper_feed

urlpatterns = [
    path("papers/", views.paper_list, name="paper_list"),
    path("papers/feed.atom", paper_feed, name="paper_feed"),
    path("papers/feed.json", paper_feed, {"format": "json"}, name="paper_feed_json"),
    path("", include("papers.bibliography.urls")),
    path("papers/duplicates/", include("papers.identity.urls")),
    path("papers/<int:pk>/", views.paper_detail, name="paper_detail"),
    path("digests/", views.digest_list, name="digest_list"),
    path("digests/restore/", views.digest_restore, name="digest_restore"),
    path("digests/<int:pk>/", views.digest_detail, name="digest_detail"),
    path("digests/<int:pk>/progress/", views.digest_progress, name="digest_progress"),
    path("digests/<int:pk>/original/", views.digest_original, name="digest_original"),
    path("digests/<int:pk>/continue/", views.digest_continue, name="digest_continue"),
    path("digests/<int:pk>/remove/", views.digest_remove, name="digest_remove"),
    path("import/", views.digest_import, name="digest_import"),
    path("import/columns/", views.digest_columns, name="digest_columns"),
    path("import/confirm/", views.digest_confirm, name="digest_confirm"),
    path("", include("papers.search.urls")),
    path("", include("papers.shelf.urls")),
    path("", include("papers.sources.urls")),
]
