"""Lighthouse on a phone and on a desktop: every template in one language, the first page in all five.

Accessibility, best practices and findability do not depend on how busy this machine is, so they are asserted. How fast
the pages are is measured on a quiet machine (`make lighthouse`) and stored; what makes them fast, weight and requests,
is asserted in `test_templates`. It takes minutes, so it runs where CTDC_LIGHTHOUSE is set.
"""

import os

import pytest
from benchmarks.lighthouse import FORMS, lighthouse, missing
from benchmarks.templates import read_newest, templates_of

from ctdc.standard.languages import LANGUAGES

# Marks, and not calls within the test: what is skipped has built no site.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.heavy,
    pytest.mark.skipif(
        not os.environ.get("CTDC_LIGHTHOUSE"),
        reason="CTDC_LIGHTHOUSE is not set; 'make test CTDC_LIGHTHOUSE=1' runs Lighthouse too",
    ),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

FULL = {"accessibility": 100, "best-practices": 100, "seo": 100}
SHIFT_MOST = 0.02


@pytest.mark.parametrize("form", FORMS)
def test_every_template_in_one_language_and_the_first_page_in_all(site_of_two, two_releases, two_built, form):
    address = site_of_two[0]
    files = {one.file: one for one in templates_of(two_built, *read_newest(two_releases))}
    paths = [f"en/{one.path}" for one in files.values() if not f"/{one.path}".endswith("/embed/")]
    paths += [f"{language}/" for language in LANGUAGES if f"{language}/" not in paths]
    wrong = {}
    for page in lighthouse([f"{address}/{path}" for path in paths], throttled=False, form=form):
        scores = {name: page["scores"][name] for name in FULL}
        if scores != FULL or page["cls"] > SHIFT_MOST or page["error"]:
            wrong[page["url"].removeprefix(address)] = (scores, page["failed"], page["cls"], page["error"])
    assert wrong == {}
