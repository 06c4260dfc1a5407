from django.urls import path

from papers.bibliography import views

urlpatterns = [
    path("papers/bibliography/", views.paper_list_bibliography, name="paper_list_bibliography"),
    path("papers/papers.bib", views.paper_list_bibliography, name="paper_list_bibtex"),  # as it was called first
    path("papers/<int:pk>/bibliography/", views.paper_bibliography, name="paper_bibliography"),
    path("papers/<int:pk>/paper.bib", views.paper_bibliography, name="paper_bibtex"),
    path("search/bibliography/", views.search_bibliography, name="search_bibliography"),
]
