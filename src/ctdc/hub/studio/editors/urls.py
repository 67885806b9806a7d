"""Addresses that the studio answers in the place of Wagtail, and the public site's assets for previews."""

from django.urls import path

from ctdc.hub.studio.editors import views

app_name = "editing"
urlpatterns = [
    path("editors/login/", views.home, name="login"),
    path("editors/account/", views.home, name="account"),
    path("editors/logout/", views.sign_out, name="logout"),
    path("editors/localize/translate/<int:translation_id>/pofile/upload/", views.upload_translations, name="upload"),
    path("editors/localize/update/<int:translation_source_id>/", views.bring_up_to_date, name="update"),
    path("editors/pages/<int:page_to_move_id>/set_position/", views.set_position, name="position"),
    path("assets/<path:name>", views.asset, name="asset"),
]
