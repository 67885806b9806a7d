"""Agreements as Django knows them."""

from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    """The app of agreements."""

    name = "ctdc.hub.studio.agreements"
    label = "ctdc_agreements"
