"""Addresses of work in progress."""

from django.urls import path

from ctdc.hub.studio.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.jobs, name="list"),
    path("<int:number>/", views.job, name="one"),
    path("<int:number>/stop/", views.stop, name="stop"),
]
