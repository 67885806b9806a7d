"""Whatever intake, deliveries or mappings may say to a person has words in five languages: the source is read."""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from django.utils import translation

import ctdc
from ctdc.foundation.errors import ErrorDetail, Refused, UserError
from ctdc.hub.problems import is_exact, sentence_of
from ctdc.hub.studio.web.problems import FACTS, MAPPING_FILES, REMEDIES, said
from ctdc.hub.studio.web.texts import catalogue
from ctdc.intake.export import annotated_in, row_errors_in
from ctdc.intake.hints import HINTS, hint
from ctdc.intake.words import hint_of, mark, mark_in, texts
from ctdc.standard.languages import LANGUAGES

SOURCE = Path(ctdc.__file__).parent
READ = ("intake", "hub/studio/deliveries", "hub/studio/mappings", "vault")
RAISED = ("UserError", "Refused", "Cancelled", "ErrorDetail", "Blocker")
# Asked for at the command line alone: no page of the studio leads there.
COMMANDS = ("intake/on_spark.py", "intake/trace.py", "hub/studio/deliveries/sending.py", "vault/backup.py")
# Rooms whose errors the operator sees to: one sentence for all of them, above the program's own words.
BY_ROOM = ("vault", "studio")
# Raised by a helper, with a sentence of the studio's own.
SPOKEN = {"delivery.announced"}
# Where a code is not written at the call but handed on: what hands it on is read instead.
HANDED_ON = {
    "intake/assemble.py": {"intake.id_repeated", "intake.id_spelling", "intake.unmapped", "intake.unreadable"},
    "intake/delivery.py": {"intake.quarantine"},
    "intake/readers/sandbox.py": set(),  # codes of parse.py, from the child
    "vault/access.py": set(),  # the vault's words for who asks for what, of commands
}


class Raised(ast.NodeVisitor):
    """The errors of a module: code, whether its sentence comes from a catalogue, names of its facts."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, bool, set[str]]] = []
        self.unread = 0

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in RAISED:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                self.found.append((name, first.value, self._spoken(node), self._facts(node)))
            else:
                self.unread += 1
        self.generic_visit(node)

    @staticmethod
    def _spoken(node: ast.Call) -> bool:
        what = node.args[1] if len(node.args) > 1 else None
        return isinstance(what, ast.Call) and getattr(what.func, "id", "") == "text"

    @staticmethod
    def _facts(node: ast.Call) -> set[str]:
        given = [one.value for one in node.keywords if one.arg == "facts"]
        keys = [key for one in given for part in ast.walk(one) if isinstance(part, ast.Dict) for key in part.keys]
        return {str(key.value) for key in keys if isinstance(key, ast.Constant)}


def raised(path: Path) -> Raised:
    """The errors of one module."""
    visitor = Raised()
    visitor.visit(ast.parse(path.read_text(encoding="utf-8")))
    return visitor


def modules() -> Iterator[tuple[str, Path]]:
    for room in READ:
        for path in sorted((SOURCE / room).rglob("*.py")):
            name = path.relative_to(SOURCE).as_posix()
            if name not in COMMANDS and "/migrations/" not in name:
                yield name, path


ERRORS = [(name, *one) for name, path in modules() for one in raised(path).found]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_that_a_person_can_meet_has_a_sentence(language: str) -> None:
    known = catalogue("web").messages(language)
    codes = {code for _, kind, code, spoken, _ in ERRORS if kind != "Blocker" and not spoken} - SPOKEN
    assert len(codes) > 60
    assert {"intake.columns_missing", "intake.not_text", "delivery.hash", "mapping.none"} <= codes
    lacking = {code for code in codes if not is_exact(sentence_of(code, known), code)}
    assert {code for code in lacking if code.partition(".")[0] not in BY_ROOM} == set()
    assert all(sentence_of(code, known) for code in lacking)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_that_holds_a_delivery_back_has_words(language: str) -> None:
    codes = {code for _, kind, code, *_ in ERRORS if kind == "Blocker"}
    codes |= {*HANDED_ON["intake/assemble.py"], "intake.proposed"}
    assert len(codes) > 7
    words = texts()[language]
    assert [code for code in codes if not words.get(f"blocker.{code}") or not words.get(f"do.{code}")] == []
    of_files = ("values.csv", "mapping.yaml", "ctdc ")
    studio = {code: words.get(f"do.{code}.studio", words[f"do.{code}"]) for code in codes}
    assert {code: said for code, said in studio.items() if any(one in said for one in of_files)} == {}


def test_no_error_hides_its_code_from_this_test() -> None:
    hidden = {name for name, path in modules() if raised(path).unread}
    assert hidden - set(HANDED_ON) == set()


def test_every_fact_has_a_label_and_every_remedy_a_text() -> None:
    given = {name for *_, facts in ERRORS for name in facts}
    assert {"file", "columns", "row", "arrived", "expected"} <= given
    assert given - {"kind"} <= set(FACTS)
    for language in LANGUAGES:
        known = catalogue("web").messages(language)
        assert {name for name in FACTS if f"fact.{name}" not in known} == set()
        assert {one for one in REMEDIES.values() if one and f"remedy.{one}" not in known} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_in_english(language: str) -> None:
    english, here = catalogue("web").messages("en"), catalogue("web").messages(language)
    ours = [key for key in english if key.startswith(("error.", "remedy."))]
    assert len(ours) > 60
    assert language == "en" or [key for key in ours if english[key] == here[key]] == []
    words = [key for key in texts()["en"] if key.startswith("hint.") or key.endswith(".studio")]
    assert language == "en" or [key for key in words if texts()["en"][key] == texts()[language][key]] == []


def test_what_is_wrong_is_said_and_what_it_is_about_is_shown_as_it_is() -> None:
    error = UserError("intake.columns_missing", "The file lacks", facts={"file": "a.csv", "columns": ["Age", "Sex"]})
    with translation.override("ar"):
        told = said(error)
        assert "The file" not in str(told)
        assert [one.values for one in told.facts] == [("a.csv",), ("Age", "Sex")]
        assert "<bdi>Age</bdi>, <bdi>Sex</bdi>" in told.line()
    with translation.override("en"):
        kept = said(error.detail.as_dict())
        assert kept.what == "The file lacks columns that the mapping reads."
        assert "data steward" in kept.do


def test_the_kind_of_a_file_chooses_the_sentence_and_the_remedy() -> None:
    with translation.override("en"):
        told = {kind: said(ErrorDetail("intake.not_text", "x", facts={"kind": kind})) for kind in ("pdf", "workbook")}
    assert "PDF" in told["pdf"].what and "Excel" in told["workbook"].what
    assert "CSV UTF-8" in told["workbook"].do and told["pdf"].do != told["workbook"].do
    assert told["pdf"].original == ()


def test_english_is_the_last_resort_and_is_marked() -> None:
    with translation.override("fr"):
        unknown = said(UserError("elsewhere.some", "It is <odd>.", where="there"))
        assert unknown.original == ("It is <odd>.", "there")
        assert '<span lang="en" dir="ltr">It is &lt;odd&gt;.</span>' in unknown.line()
        place = said(UserError("intake.mapping", "In mapping.yaml: x", where="/tmp/m", facts={"place": "fields"}))
        assert (place.original, [one.values for one in place.facts]) == (("In mapping.yaml: x",), [("fields",)])
    assert "intake.mapping" in MAPPING_FILES


def test_what_an_earlier_version_kept_still_says_what_it_is_about() -> None:
    """Of errors from before facts the columns stood in the sentence alone."""
    kept = {
        "code": "intake.columns_missing",
        "what": "The file lacks 'Age'.",
        "where": "cases.csv",
        "allowed": "",
        "do": "",
    }
    assert said(kept).original == ("The file lacks 'Age'.",)
    assert said({**kept, "facts": {"columns": ["Age"]}}).original == ()


def test_a_rule_of_the_desk_that_a_job_kept_stands_as_the_desk_said_it() -> None:
    told = said(Refused("desk.rule", "Zu wenig Budget.").detail.as_dict())
    assert (told.what, told.original) == ("Zu wenig Budget.", ())


def test_what_the_studio_says_itself_is_in_its_readers_language_already() -> None:
    told = said(Refused("delivery.many", "Zu viele.", do="Warten."))
    assert (told.what, told.do, told.original) == ("Zu viele.", "Warten.", ())


VALUES = {"highest": 99, "first": "2002-01-01", "last": "2030-12-31", "near": "THA (Thailand), COD (Congo (the))"}
VALUES |= {"yes": "x, 1", "column": "Type", "value": "odd"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", HINTS)
def test_every_hint_is_read_back_and_said(key: str, language: str) -> None:
    told = hint_of(hint(key, **VALUES), language)
    named = [VALUES[name] for name in re.findall(r"{(\w+)}", HINTS[key]) if name != "near"]
    assert all(str(value) in told for value in named)
    assert "{" not in told
    assert language == "en" or told != hint(key, **VALUES)


def test_suggested_countries_have_names_of_the_language() -> None:
    told = hint_of(hint("suggestions", near="THA (Thailand), MMR (Myanmar)"), "ar")
    assert "تايلند (THA)" in told and "Thailand" not in told and "Myanmar" not in told


def test_what_no_template_made_is_data() -> None:
    assert hint_of("red; green", "ar") == "red; green"
    assert hint_of("", "ar") == ""


def test_comments_of_a_copy_come_in_the_language_and_cells_stay() -> None:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as made:
        sheet = made.add_worksheet("cases")
        sheet.write_string(0, 0, "unreadable: outside 1 to 2")
        sheet.write_comment(0, 0, mark("unreadable", hint("outside", first="1 & <2>", last="3")))
        sheet.write_comment(0, 1, mark("identifiers", "email, phone"))
        sheet.write_comment(0, 2, mark("unmapped", "gender"))
    cells = openpyxl.load_workbook(io.BytesIO(annotated_in(book.getvalue(), "es"))).active
    assert cells["A1"].value == "unreadable: outside 1 to 2"
    assert cells["A1"].comment.text == "ilegible: fuera del periodo del 1 & <2> al 3"
    assert cells["B1"].comment.text == mark_in("identifiers: email, phone", "es")
    assert "correo" in cells["B1"].comment.text
    assert "gender" not in cells["C1"].comment.text
    assert mark_in("something else", "es") == "something else"


def test_row_errors_for_people_are_in_their_language() -> None:
    one = {"table": "cases", "row": 3, "column": "Date", "value": "=1", "code": "unreadable", "targets": ["gender"]}
    made = row_errors_in({"row_errors": [one | {"hint": hint("outside", first="1", last="2")}]}, "fr")
    assert "hors de la période du 1 au 2" in made and "illisible" in made
    assert "'=1" in made
