"""Addresses of people and organisations."""

from django.urls import path

from ctdc.hub.studio.people import organisation_views, views

app_name = "people"
urlpatterns = [
    path("", views.people, name="list"),
    path("invite/", views.invite, name="invite"),
    path("invitations/<int:number>/withdraw/", views.withdraw_invitation, name="withdraw_invitation"),
    path("<int:number>/", views.person, name="one"),
    path("<int:number>/roles/", views.roles, name="roles"),
    path("<int:number>/close/", views.close, name="close"),
    path("<int:number>/open/", views.reopen, name="reopen"),
    path("<int:number>/second-step/", views.remove_second_step, name="remove_second_step"),
    path("<int:number>/sessions/end/", views.end_sessions, name="end_sessions"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/<int:number>/withdraw/", views.withdraw_token, name="withdraw_token"),
    path("tokens/<int:number>/withdraw-of/", views.withdraw_token_of, name="withdraw_token_of"),
    path("organisations/", organisation_views.organisations, name="organisations"),
    path("organisations/new/", organisation_views.make, name="organisation_new"),
    path("organisations/at/<slug:slug>/", organisation_views.organisation, name="organisation"),
    path("organisations/at/<slug:slug>/close/", organisation_views.close, name="organisation_close"),
    path("organisations/at/<slug:slug>/open/", organisation_views.reopen, name="organisation_reopen"),
    path("join/<str:secret>/", views.join, name="join"),
]
