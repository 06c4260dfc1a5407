from django.urls import path

from papers.sources import views

urlpatterns = [
    path("sources/", views.source_list, name="source_list"),
    path("sources/rows/", views.source_rows, name="source_rows"),
    path("sources/new/", views.source_new, name="source_new"),
    path("sources/<int:pk>/", views.source_detail, name="source_detail"),
    path("sources/<int:pk>/edit/", views.source_edit, name="source_edit"),
    path("sources/<int:pk>/run/", views.source_run, name="source_run"),
    path("sources/<int:pk>/pause/", views.source_pause, name="source_pause"),
    path("sources/<int:pk>/remove/", views.source_remove, name="source_remove"),
    path("sources/<int:pk>/restore/", views.source_restore, name="source_restore"),
    path("papers/add/", views.paper_add, name="paper_add"),
    path("papers/wanted/", views.wanted_list, name="wanted_list"),
    path("papers/wanted/rows/", views.wanted_rows, name="wanted_rows"),
    path("papers/wanted/<int:pk>/retry/", views.wanted_retry, name="wanted_retry"),
    path("papers/wanted/<int:pk>/remove/", views.wanted_remove, name="wanted_remove"),
]
