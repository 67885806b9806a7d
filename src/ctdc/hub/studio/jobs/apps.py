"""Jobs as Django knows them."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The app of jobs."""

    name = "ctdc.hub.studio.jobs"
    label = "ctdc_jobs"
