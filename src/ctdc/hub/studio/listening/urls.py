"""Addresses of listening and monitoring."""

from django.urls import path

from ctdc.hub.studio.listening.calendar import views as calendar
from ctdc.hub.studio.listening.inbox import views as inbox
from ctdc.hub.studio.listening.monitoring import views as monitoring
from ctdc.hub.studio.listening.surveys import views as surveys
from ctdc.hub.studio.listening.use import views as use

app_name = "listening"
urlpatterns = [
    path("readers/", inbox.inbox, name="inbox"),
    path("readers/done/", inbox.closed, name="closed"),
    path("readers/messages/<str:identifier>/", inbox.message, name="message"),
    path("readers/messages/<str:identifier>/take/", inbox.take, name="take"),
    path("readers/messages/<str:identifier>/put-back/", inbox.put_back, name="put_back"),
    path("readers/messages/<str:identifier>/help/", inbox.mark_help, name="mark_help"),
    path("readers/messages/<str:identifier>/aside/", inbox.set_aside, name="set_aside"),
    path("readers/messages/<str:identifier>/answer/", inbox.answer, name="answer"),
    path("readers/messages/<str:identifier>/remove/", inbox.remove, name="remove"),
    path("readers/answers/", inbox.answers, name="answers"),
    path("readers/answers/new/", inbox.publish, name="publish"),
    path("readers/answers/<str:key>/", inbox.change, name="change"),
    path("readers/answers/<str:key>/withdraw/", inbox.withdraw, name="withdraw"),
    path("readers/surveys/", surveys.surveys, name="surveys"),
    path("readers/surveys/begin/", surveys.begin, name="survey_begin"),
    path("readers/surveys/<int:number>/", surveys.survey, name="survey"),
    path("readers/surveys/<int:number>/end/", surveys.end, name="survey_end"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/<slug:slug>/", calendar.organisation, name="organisation"),
    path("calendar/<slug:slug>/plan/", calendar.plan, name="plan"),
    path("calendar/<slug:slug>/received/", calendar.received, name="received"),
    path("calendar/<slug:slug>/remind/", calendar.remind, name="remind"),
    path("calendar/<slug:slug>/contacts/", calendar.add_contact, name="contact_add"),
    path("calendar/contacts/<int:number>/change/", calendar.change_contact, name="contact_change"),
    path("calendar/contacts/<int:number>/remove/", calendar.remove_contact, name="contact_remove"),
    path("usage/", use.usage, name="usage"),
    path("monitoring/", monitoring.monitoring, name="monitoring"),
    path("monitoring/look/", monitoring.look, name="look"),
]
