"""Mappings as Django knows them."""

from django.apps import AppConfig


class MappingsConfig(AppConfig):
    """The app of mappings."""

    name = "ctdc.hub.studio.mappings"
    label = "ctdc_mappings"
