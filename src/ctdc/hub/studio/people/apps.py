"""People as Django knows them."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The app of people and organisations."""

    name = "ctdc.hub.studio.people"
    label = "ctdc_people"
