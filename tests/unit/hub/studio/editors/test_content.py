"""The folder of content, and that nothing is brought in twice."""

import shutil
from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.hub.site.about.place import CONTENT as ABOUT
from ctdc.hub.studio.editors import acts, importing, permissions, publish
from ctdc.hub.studio.editors.models import StoryPage
from ctdc.standard.languages import LANGUAGES


@pytest.mark.slow
def test_what_is_there_is_never_written_over(story: StoryPage, stories: Path) -> None:
    with pytest.raises(UserError, match="has stories or pages already"):
        acts.import_content(stories, ABOUT)
    assert StoryPage.objects.count() == len(LANGUAGES)


@pytest.mark.slow
def test_a_folder_of_content_is_whole_or_as_it_was(
    story: StoryPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "content"
    publish.write_content(folder)
    before = sorted((path, path.read_bytes()) for path in folder.rglob("*.yaml"))
    assert len(before) == 2 + 1 + len(LANGUAGES)
    monkeypatch.setattr(publish, "read_stories", lambda folder: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish.write_content(folder)
    assert sorted((path, path.read_bytes()) for path in folder.rglob("*.yaml")) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
def test_pages_about_the_data_are_those_of_the_collaborative_and_those_beside_them(
    story: StoryPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with permissions.by_itself():
        for name in ("contact", "dignity"):
            importing._page(ABOUT / "pages", name)
    monkeypatch.setattr(publish, "ABOUT", shipped := tmp_path / "shipped")
    for language in LANGUAGES:
        (shipped / "pages" / language).mkdir(parents=True)
        shutil.copy(ABOUT / "pages" / language / "dignity.yaml", shipped / "pages" / language)
    assert publish._write_about(tmp_path / "out")
    assert {path.stem for path in (tmp_path / "out").rglob("*.yaml")} == {"contact", "dignity"}
    for language in LANGUAGES:  # one that the studio lacks, while it has another that is not shipped
        shutil.copy(ABOUT / "pages" / language / "faq.yaml", shipped / "pages" / language)
    assert not publish._write_about(tmp_path / "none")
    assert not (tmp_path / "none").exists()
