from django.urls import path

from papers.identity import views

urlpatterns = [
    path("", views.duplicate_list, name="duplicate_list"),
    path("<int:pk>/", views.duplicate_decide, name="duplicate_decide"),
    path("merge/", views.paper_merge, name="paper_merge"),
    path("merges/<int:pk>/undo/", views.paper_unmerge, name="paper_unmerge"),
]
