"""Addresses of the release desk."""

from django.urls import path

from ctdc.hub.studio.desk import views

app_name = "desk"
urlpatterns = [
    path("", views.releases, name="list"),
    path("new/", views.begin, name="begin"),
    path("ledger/", views.ledger_page, name="ledger"),
    path("ledger/budget/", views.budget, name="budget"),
    path("<int:number>/", views.release, name="one"),
    path("<int:number>/plan/", views.edit, name="edit"),
    path("<int:number>/step/", views.step, name="step"),
    path("<int:number>/privacy/", views.privacy, name="privacy"),
    path("<int:number>/changes/", views.changes, name="changes"),
    path("<int:number>/evaluation/", views.evaluation, name="evaluation"),
    path("<int:number>/evaluation/file/", views.evaluation_file, name="evaluation_file"),
    path("<int:number>/review/", views.review, name="review"),
    path("<int:number>/publish/", views.publish, name="publish"),
    path("<int:number>/withdraw/", views.withdraw, name="withdraw"),
]
