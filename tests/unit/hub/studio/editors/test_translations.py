"""Words are translated and bindings are not; a page is never a mix of languages."""

from collections.abc import Callable

import polib
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils import timezone
from tests.unit.hub.studio.editors.conftest import page
from wagtail.log_actions import LogContext
from wagtail_localize.models import StringTranslation, Translation

from ctdc.hub.site.stories.source import CONTENT, MEASURES, read_stories
from ctdc.hub.studio.editors import permissions, publish
from ctdc.hub.studio.editors.checking import NotReady
from ctdc.hub.studio.editors.models import StoryPage
from ctdc.hub.studio.people.models import Person

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
SignedIn = Callable[[Person], Client]


def work(language: str) -> Translation:
    """The translation of the story into a language."""
    return Translation.objects.get(source__object_id=page("en").translation_key, target_locale__language_code=language)


def test_words_are_translated_and_nothing_else(story: StoryPage) -> None:
    (shipped,) = (one for one in read_stories(CONTENT)[1] if one.slug == "gender")
    words = shipped.words["en"]
    texts = [text for said in words.texts.values() for text in (said.values() if isinstance(said, dict) else [said])]
    expected = [words.title, words.summary, *words.headings.values(), *texts, *words.numbers.values()]
    po = work("de").export_po()
    found = [entry.msgid for entry in po if not entry.obsolete]
    assert sorted(found) == sorted(expected)
    assert not set(found) & {"women", "labour_gap", "exploitation", *MEASURES, "victims"}
    assert all(entry.msgstr for entry in po)


def test_a_file_of_translations_goes_out_and_comes_back(
    story: StoryPage, translator: Person, signed_in: SignedIn
) -> None:
    client, own = signed_in(translator), work("de")
    po = polib.pofile(client.get(f"/editors/localize/translate/{own.pk}/pofile/download/").content.decode())
    (title,) = (entry for entry in po if entry.msgctxt == "title")
    title.msgstr = "Frauen und Männer"
    sent = SimpleUploadedFile("de.po", str(po).encode())
    client.post(f"/editors/localize/translate/{own.pk}/pofile/upload/", {"file": sent, "next": "/editors/"})
    kept = StringTranslation.objects.get(context__path="title", locale__language_code="de")
    assert (kept.data, kept.last_translated_by) == ("Frauen und Männer", translator)
    assert page("de").title != "Frauen und Männer", "readers get it when an editor publishes it"


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff not a file",
        b"",
        b'msgid "a"\nmsgstr "b"\n',
        b'msgid ""\nmsgstr ""\n"X-WagtailLocalize-TranslationID: x\\n"\n',
    ],
    ids=["bytes", "empty", "no head", "another one"],
)
def test_a_file_that_is_none_is_refused_in_words(
    story: StoryPage, translator: Person, signed_in: SignedIn, content: bytes
) -> None:
    before = list(StringTranslation.objects.order_by("pk").values_list("data", flat=True))
    sent = SimpleUploadedFile("de.po", content)
    address = f"/editors/localize/translate/{work('de').pk}/pofile/upload/"
    answer = signed_in(translator).post(address, {"file": sent, "next": "/editors/"}, follow=True)
    assert answer.status_code == 200
    assert "PO" in answer.content.decode()
    assert list(StringTranslation.objects.order_by("pk").values_list("data", flat=True)) == before


def test_a_translation_with_gaps_is_not_published(story: StoryPage, first: Person) -> None:
    StringTranslation.objects.filter(context__path="title", locale__language_code="de").delete()
    assert work("de").get_status_display() == "Waiting for translations"
    revision = page("de").save_revision()
    with pytest.raises(NotReady, match="gaps"):
        revision.publish(user=first)


def test_an_editor_publishes_what_others_translated(
    story: StoryPage, first: Person, second: Person, translator: Person, signed_in: SignedIn
) -> None:
    kept = StringTranslation.objects.get(context__path="title", locale__language_code="de")
    kept.data, kept.last_translated_by = "Frauen und Männer", first
    kept.save()
    german = page("de")
    assert not german.permissions_for_user(translator).can_publish()
    assert not german.permissions_for_user(first).can_publish(), "nobody publishes what they translated"
    assert german.permissions_for_user(second).can_publish()
    work("de").source.create_or_update_translation(kept.locale, user=second, publish=False)
    page("de").get_latest_revision().publish(user=second)
    assert page("de").title == "Frauen und Männer"


def test_a_figure_in_a_translation_is_said_where_it_stands(story: StoryPage, second: Person) -> None:
    kept = StringTranslation.objects.filter(context__path__startswith="parts.", locale__language_code="ar").first()
    assert kept is not None
    kept.data = "٧ من النساء"
    kept.save()
    made, _ = work("ar").source.create_or_update_translation(kept.locale, user=second, publish=False)
    with pytest.raises(ValidationError) as caught:
        made.get_latest_revision().publish(user=second)
    assert list(caught.value.error_dict) == [kept.context.path], "the place by which the editor of words shows it"


def test_a_language_that_lacks_a_new_text_shows_the_source(story: StoryPage, tmp_path) -> None:
    story.parts.append(("text", {"text": "A new sentence about {women}.", "leave_out": False}))
    with permissions.by_itself():
        story.save_revision().publish()
    publish.write_content(tmp_path / "content")
    folder = tmp_path / "content" / "stories" / "gender"
    assert sorted(path.stem for path in folder.glob("*.yaml")) == ["en", "story"]
    assert work("fr").get_progress()[0] == work("fr").get_progress()[1] + 1, "translators see what is new"


def test_a_changed_chart_changes_it_in_every_language(story: StoryPage, tmp_path) -> None:
    index = next(at for at, child in enumerate(story.parts) if child.block_type == "chart")
    story.parts[index].value["first"] = "ageBroad"
    with permissions.by_itself():
        story.save_revision().publish()
    publish.write_content(tmp_path / "content")
    (told,) = read_stories(tmp_path / "content" / "stories")[1]
    assert told.parts[index].chart == {"kind": "bars", "dimensions": ["ageBroad"]}
    assert set(told.words) == {"ar", "de", "en", "es", "fr"}


def test_translators_change_words_alone(story: StoryPage, translator: Person, signed_in: SignedIn) -> None:
    client = signed_in(translator)
    assert "js-translation-editor" in client.get(f"/editors/pages/{page('de').pk}/edit/").content.decode()
    answer = client.get(f"/editors/pages/{story.pk}/edit/")
    assert (answer.status_code, answer["Location"]) == (302, "/editors/")
    assert not story.permissions_for_user(translator).can_add_subpage()
    assert not page("de").get_parent().specific.permissions_for_user(translator).can_add_subpage()


def translate_everything(language: str, by: Person) -> str:
    """Have one person translate every text; what they make of the title."""
    said = StringTranslation.objects.filter(locale__language_code=language)
    said.update(last_translated_by=by, updated_at=timezone.now())
    said.filter(context__path="title").update(data="Allein gesagt")
    return "Allein gesagt"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the end of a transaction is done at once: that of a test never ends."""
    monkeypatch.setattr(transaction, "on_commit", lambda function, **_: function())


@pytest.mark.usefixtures("at_once")
def test_nobody_publishes_their_own_translation_by_bringing_it_up_to_date(
    story: StoryPage, first: Person, signed_in: SignedIn
) -> None:
    own = translate_everything("de", first)
    client, address = signed_in(first), f"/editors/localize/update/{work('de').source_id}/"
    form = client.get(address).content.decode()
    assert 'type="checkbox" name="publish_translations"' not in form and 'type="submit"' in form
    assert client.post(address, {"publish_translations": "on"}).status_code == 403
    assert page("de").title != own
    assert client.post(address).status_code == 302
    assert page("de").title != own


@pytest.mark.usefixtures("at_once")
def test_whoever_publishes_is_asked_also_where_wagtail_does_not_say_who_it_is(
    story: StoryPage, first: Person, second: Person, signed_in: SignedIn
) -> None:
    own = translate_everything("de", first)
    with LogContext(user=first), pytest.raises(PermissionDenied), transaction.atomic():
        work("de").save_target(user=first, publish=True)
    with pytest.raises(PermissionDenied), transaction.atomic():
        work("de").save_target(user=second, publish=True)
    assert page("de").title != own, "nobody is known, and nothing does it by itself"
    signed_in(second).post(f"/editors/pages/{page('de').pk}/edit/", {"action": "publish"})
    assert page("de").title == own
