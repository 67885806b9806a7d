"""Which sections the site has, in the order in which the header and the foot of its pages list them.

To add one, write a class with the attributes and methods of `frame.Section`, made from a release alone, and name it
here.
"""

from __future__ import annotations

from collections.abc import Callable

from ctdc.hub.site.about.help import HelpPage
from ctdc.hub.site.about.listening import AnswersPage, FeedbackPage
from ctdc.hub.site.about.pages import AboutPages
from ctdc.hub.site.chart_pages import ChartPages
from ctdc.hub.site.dashboards import Dashboards
from ctdc.hub.site.datasets.variables import VariablePages
from ctdc.hub.site.explorer.section import Explorer
from ctdc.hub.site.frame import Section
from ctdc.hub.site.journeys import Journeys
from ctdc.hub.site.programs.section import Programs
from ctdc.hub.site.release_pages import ReleasePages
from ctdc.hub.site.stories.section import Stories
from ctdc.hub.site.view import SiteRelease

SECTIONS: tuple[Callable[[SiteRelease], Section], ...] = (
    ReleasePages,
    Dashboards,
    Journeys,
    Stories,
    Programs,
    ChartPages,
    VariablePages,
    AboutPages,
    FeedbackPage,
    AnswersPage,
    HelpPage,
    Explorer,
)


def sections_of(view: SiteRelease) -> tuple[Section, ...]:
    """All sections of the site that has this release at its front."""
    return tuple(section(view) for section in SECTIONS)
