"""The addresses of the studio."""

from django.urls import include, path
from django.views.i18n import set_language
from wagtail.admin import urls as wagtail_admin_urls

from ctdc.hub.studio.entrance.views import remove_key, sessions
from ctdc.hub.studio.web import pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("language/", set_language, name="set_language"),
    path("account/2fa/webauthn/keys/<int:pk>/remove/", remove_key, name="mfa_remove_webauthn"),
    path("account/sessions/", sessions, name="usersessions_list"),
    path("account/", include("allauth.urls")),
    path("demonstration/", include("ctdc.hub.studio.demonstration.urls")),
    path("people/", include("ctdc.hub.studio.people.urls")),
    path("releases/", include("ctdc.hub.studio.desk.urls")),
    path("events/", include("ctdc.hub.studio.events.urls")),
    path("jobs/", include("ctdc.hub.studio.jobs.urls")),
    path("agreements/", include("ctdc.hub.studio.agreements.urls")),
    path("deliveries/", include("ctdc.hub.studio.deliveries.urls")),
    path("workbench/", include("ctdc.hub.studio.bench.urls")),
    path("mappings/", include("ctdc.hub.studio.mappings.urls")),
    path("", include("ctdc.hub.studio.listening.urls")),
    path("", include("ctdc.hub.studio.editors.urls")),  # before Wagtail's own, of which it replaces some
    path("editors/", include(wagtail_admin_urls)),
]

handler400 = pages.bad_request
handler403 = pages.forbidden
handler404 = pages.not_found
handler500 = pages.fault
handler429 = pages.too_many
