"""The standard that comes with the software is whole, and one that is not whole is refused with file and line."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.standard import load
from ctdc.standard.languages import LANGUAGES, direction
from ctdc.standard.loader import DATA

STANDARD = load()


def every_text() -> list[tuple[str, dict[str, str]]]:
    variables = {**STANDARD.variables, **STANDARD.derived}
    return [
        *((name, dict(v.labels)) for name, v in variables.items()),
        *((name, dict(v.definitions)) for name, v in variables.items()),
        *((f"{cl.id} {code.code}", dict(code.labels)) for cl in STANDARD.code_lists.values() for code in cl.codes),
        *((group.id, dict(group.labels)) for group in STANDARD.groups.values()),
        *((reason.id, dict(reason.labels)) for reason in STANDARD.missing_reasons.values()),
        *((reason.id, dict(reason.definitions)) for reason in STANDARD.missing_reasons.values()),
        *((profile.id, dict(profile.title)) for profile in STANDARD.profiles.values()),
    ]


def test_every_text_exists_in_the_five_languages() -> None:
    for name, texts in every_text():
        assert set(texts) == set(LANGUAGES), name
        assert all(texts.values()), name


# Names of services and codes that are the same in every script.
SAME_IN_EVERY_SCRIPT = ("htcds_websites", "year")


def test_arabic_is_written_in_arabic_script_and_the_others_are_not() -> None:
    for name, texts in every_text():
        if name.split()[0] in SAME_IN_EVERY_SCRIPT or not any(letter.isalpha() for letter in texts["en"]):
            continue
        arabic = {language for language, text in texts.items() if any("\u0600" <= c <= "\u06ff" for c in text)}
        assert arabic == {"ar"}, name


def test_arabic_texts_hold_no_latin_words_but_names_of_classifications() -> None:
    allowed = {"ISIC", "k"}
    for name, texts in every_text():
        if name.split()[0] in SAME_IN_EVERY_SCRIPT:
            continue
        words = "".join(c if c.isascii() and c.isalpha() else " " for c in texts["ar"]).split()
        assert set(words) <= allowed, f"{name}: {texts['ar']}"


def test_labels_within_a_code_list_differ() -> None:
    for code_list in STANDARD.code_lists.values():
        for language in LANGUAGES:
            labels = [code.labels[language] for code in code_list.codes]
            assert len(set(labels)) == len(labels), (code_list.id, language)


def test_labels_within_a_profile_differ() -> None:
    for profile in STANDARD.profiles.values():
        for language in LANGUAGES:
            labels = [column.labels[language] for column in profile.columns]
            assert len(set(labels)) == len(labels), (profile.id, language)


def test_definitions_are_sentences_of_their_own() -> None:
    for variable in (*STANDARD.variables.values(), *STANDARD.derived.values()):
        for language in LANGUAGES:
            assert variable.definitions[language].endswith("."), variable.name
            assert variable.definitions[language] != variable.labels[language]


@pytest.mark.parametrize(
    ("profile", "columns"),
    [
        ("kanonymised-2018", 58),
        ("kanonymised-2021", 63),
        ("synthetic-2021", 37),
        ("synthetic-2024", 27),
        ("synthetic-2026", 27),
        ("victim-perpetrator-2022", 16),
    ],
)
def test_each_published_shape_has_its_columns(profile: str, columns: int) -> None:
    assert len(STANDARD.profile(profile).columns) == columns


def test_2026_is_2024_with_sectors_renamed() -> None:
    renamed = [name.replace("typeOf", "sectorOf") for name in STANDARD.profile("synthetic-2024").names]
    assert list(STANDARD.profile("synthetic-2026").names) == renamed


def test_flags_of_synthetic_shapes_are_one_or_empty() -> None:
    for profile_id in ("synthetic-2021", "synthetic-2024", "synthetic-2026", "victim-perpetrator-2022"):
        flags = [column for column in STANDARD.profile(profile_id).columns if column.kind == "flag"]
        assert {column.codes for column in flags} == {("1",)}


def test_the_groups_of_2024_are_those_of_the_codebook() -> None:
    groups = STANDARD.profile("synthetic-2024").groups
    assert {group: len(columns) for group, columns in groups.items()} == {
        "means_of_control": 8,
        "exploitation": 3,
        "labour": 4,
        "sex": 2,
        "recruiter": 4,
    }


def test_not_specified_stands_outside_the_denominator() -> None:
    # Were it inside, a case about which nothing is known would count as known.
    for profile in STANDARD.profiles.values():
        for columns in profile.groups.values():
            assert not [name for name in columns if name.endswith(("NotSpecified", "Unknown"))]


def test_age_bands_are_readable() -> None:
    assert STANDARD.code_lists["age_band"].label("09--17", "en") == "9–17 years"


def test_countries_are_those_of_iso_3166() -> None:
    countries = STANDARD.code_lists["country"]
    assert len(countries.codes) == 249
    assert {len(code) for code in countries.values} == {3}
    assert STANDARD.profile("synthetic-2024").codes("citizenship") == countries.values
    assert countries.label("NAM", "en") == "Namibia"  # "NA", which careless readers take for a missing value


def test_everything_is_immutable() -> None:
    with pytest.raises(TypeError):
        STANDARD.variables["gender"] = STANDARD.variables["ageBroad"]  # type: ignore[index]
    with pytest.raises(TypeError):
        STANDARD.variables["gender"].labels["en"] = "Sex"  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        STANDARD.variables["gender"].group = "journey"  # type: ignore[misc]


def test_it_is_loaded_once() -> None:
    assert load() is STANDARD
    assert len(STANDARD.content_hash) == 64


def test_the_direction_of_arabic() -> None:
    assert [direction(language) for language in LANGUAGES] == ["rtl", "ltr", "ltr", "ltr", "ltr"]


def test_an_unknown_name_gets_near_ones() -> None:
    with pytest.raises(UserError) as caught:
        STANDARD.variable("isForcedLabor")
    assert "isForcedLabour" in caught.value.detail.allowed
    with pytest.raises(UserError, match="synthetic-2042"):
        STANDARD.profile("synthetic-2042")
    with pytest.raises(UserError, match="no column"):
        STANDARD.profile("synthetic-2024").column("Datasource")


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


BREAKS = [
    ("labels.csv", "gender,النوع الاجتماعي,Gender,Genre", "gender,النوع الاجتماعي,,Genre", "labels.csv:4"),
    ("labels.csv", "ageBroad,الفئة العمرية", "ageBroad, الفئة العمرية", "surrounded by spaces"),
    ("labels.csv", "\ngender,", "\ngenre,", "no label"),
    ("definitions.csv", "name,ar,en", "name,ar,xx", "definitions.csv:1"),
    ("codes.csv", "\nflag,0,", "\nflag,1,", "'1' is there twice"),
    ("codes.csv", "\ngender,Man,", "\ngenders,Man,", "'genders' is not declared"),
    ("codes.csv", "\nyes,1,", "\nyes,2,", "has no labels, nor a list"),
    ("codes.csv", "\nm49_subregion,015,002,", "\nm49_subregion,015,003,", "lies in no region"),
    ("variables.csv", "gender,code,gender,demographics", "gender,code,gender,people", "unknown group 'people'"),
    ("variables.csv", "gender,code,", "gender,picklist,", "unknown kind"),
    (
        "variables.csv",
        "ageBroad,code,age_band,demographics,",
        "ageBroad,code,age_band,demographics,group",
        "only flags",
    ),
    ("variables.csv", "isAbduction,flag,flag", "isAbduction,flag,yes", "1 and 0"),
    ("variables.csv", "any,meansOfControlFalsePromises", "any,meansOfControlFalsePromise", "known sources"),
    ("countries.csv", "AFG,AF,004,034", "AFG,AF,004,999", "unknown sub-region"),
    ("country_policy.csv", "Y1,XKX,Kosovo,SRB", "Y1,XKX,Kosovo,YUG", "names no country"),
    ("facts.csv", "typeOfLabourAgriculture,1,isForcedLabour", "typeOfLabourFarming,1,isForcedLabour", "two variables"),
    ("facts.csv", "typeOfLabourAgriculture,1,", "typeOfLabourAgriculture,2,", "no codes ['2']"),
    ("facts.csv", "isForcedLabour,1,no,", "isForcedLabour,1,perhaps,", "or_unknown is yes or no"),
    ("facts.csv", "typeOfSexOther,1,isSexualExploit,1", "typeOfSexOther,1,isSexualExploit,0", "has no code for there"),
    ("facts.csv", "typeOfLabourAquafarming,1,", "typeOfLabourAgriculture,1,", "is there twice"),
    ("recodes.csv", "gender_2021,Man,Male", "gender_2021,Males,Male", "no harmonised code leads to"),
    (
        "profiles/synthetic-2024.csv",
        "isForcedLabour,isForcedLabour",
        "isForcedLabour,isForcedLabor",
        "Unknown variable",
    ),
    ("profiles/synthetic-2024.csv", "gender,gender,gender,", "gender,gender,gender,sex", "unknown recode"),
    ("profiles/synthetic-2024.csv", "meansThreats,meansThreats", "means,isForcedLabour", "same variable"),
    ("profiles.toml", 'Unknown = "unknown"', 'Unknown = "maybe"', "unknown missing reasons"),
    ("profiles.toml", "[synthetic-2026]", "[synthetic-2027]", "missing"),
    ("standard.toml", "version =", "version", "cannot be read"),
    ("crosswalks.toml", 'partial = ["meansThreats", ', "partial = [", "partial should be"),
    ("missing_reasons.csv", "\nrefused,", "\ndeclined,", "missing reasons are"),
    ("defects.csv", "kanonymised-2018,yearOfRegistration", "kanonymised-2018,year", "no column 'year'"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), BREAKS, ids=[f"{b[0]}: {b[3]}" for b in BREAKS])
def test_a_standard_that_is_not_whole_is_refused(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    shutil.copytree(DATA, tmp_path / "standard")
    change(tmp_path / "standard", file, old, new)
    with pytest.raises(UserError) as caught:
        load(tmp_path / "standard")
    assert caught.value.detail.code == "standard.broken"
    assert message in str(caught.value)


@pytest.mark.slow
def test_loading_needs_the_standard_library_only() -> None:
    program = "import sys, ctdc.standard; ctdc.standard.load(); print({'pyarrow', 'numpy', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
