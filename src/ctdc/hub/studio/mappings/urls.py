"""Addresses of mappings."""

from django.urls import path

from ctdc.hub.studio.mappings import views

app_name = "mappings"
urlpatterns = [
    path("", views.mappings, name="list"),
    path("propose/", views.propose, name="propose"),
    path("<int:number>/", views.mapping, name="one"),
    path("<int:number>/approve/", views.approve, name="approve"),
    path("lines/<int:number>/", views.decide, name="decide"),
    path("values/<int:number>/", views.values, name="values"),
]
