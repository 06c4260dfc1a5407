from django.urls import path

from papers.search import views

urlpatterns = [
    path("search/", views.search_page, name="search"),
    path("search/suggestions/", views.search_suggestions, name="search_suggestions"),
    path("similar/", views.similar_page, name="similar"),
    path("papers/<int:pk>/similar/", views.paper_similar, name="paper_similar"),
    path("clusters/", views.cluster_list, name="cluster_list"),
    path("clusters/<int:pk>/", views.cluster_detail, name="cluster_detail"),
]
