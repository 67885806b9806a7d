"""Addresses of deliveries."""

from django.urls import path

from ctdc.hub.studio.deliveries import preview, upload, views

app_name = "deliveries"
urlpatterns = [
    path("", views.deliveries, name="list"),
    path("new/", views.new, name="new"),
    path("begin/", upload.begin, name="begin"),
    path("person/", views.person, name="person"),
    path("published/", preview.published, name="published"),
    path("<int:number>/", views.delivery, name="one"),
    path("<int:number>/files/<int:position>/", upload.piece, name="piece"),
    path("<int:number>/receipt/", upload.receipt, name="receipt"),
    path("<int:number>/report/", views.report, name="report"),
    path("<int:number>/take/", views.take, name="take"),
    path("<int:number>/recheck/", views.recheck, name="recheck"),
    path("<int:number>/promote/", views.promote, name="promote"),
    path("<int:number>/refuse/", views.refuse, name="refuse"),
    path("<int:number>/withdraw/", views.withdraw, name="withdraw"),
]
