"""Addresses of agreements."""

from django.urls import path

from ctdc.hub.studio.agreements import views

app_name = "agreements"
urlpatterns = [
    path("", views.agreements, name="list"),
    path("begin/", views.begin, name="begin"),
    path("<int:number>/", views.agreement, name="one"),
    path("<int:number>/edit/", views.edit, name="edit"),
    path("<int:number>/sign/", views.sign, name="sign"),
    path("<int:number>/force/", views.force, name="force"),
    path("<int:number>/revise/", views.revise, name="revise"),
    path("<int:number>/end/", views.end, name="end"),
]
