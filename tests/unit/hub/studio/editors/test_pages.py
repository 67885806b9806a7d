"""Pages about the data."""

from pathlib import Path

import pytest

from ctdc.hub.site.about.place import CONTENT as ABOUT
from ctdc.hub.studio.editors import acts, importing
from ctdc.hub.studio.editors.checking import form_errors
from ctdc.hub.studio.editors.models import TextPage

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def test_a_mistake_in_a_page_is_said_at_its_field(stories: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "PAGES", {"mistakes": "data"})
    acts.import_content(stories, ABOUT)
    found = TextPage.objects.get(slug="mistakes", locale__language_code="en")
    assert found.faults() == []
    section = found.sections[0]
    body = section.value["body"]
    example = next(one for part in found.sections for one in part.value["body"] if one.block_type == "example")
    example.value["wrong"] = "See [this](javascript:alert)"
    body[0].value = "About {nobody}"
    faults = {fault.path: fault.message for fault in found.faults()}
    assert ("sections", section.id, "body", body[0].id) in faults
    (deep,) = (path for path in faults if path[-1] == "wrong")
    assert "javascript:alert" in faults[deep]
    assert "sections" in dict(form_errors(found, found.faults()))
