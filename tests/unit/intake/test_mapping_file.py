import pytest

from ctdc.foundation.errors import UserError
from ctdc.intake.examples import run_examples
from ctdc.intake.mapping import load_mapping, shipped_ids

GENDER = "  - {target: gender, recode: {column: Sex}}"


@pytest.mark.parametrize("mapping_id", shipped_ids())
def test_the_examples_of_every_shipped_mapping_hold(mapping_id: str) -> None:
    mapping = load_mapping(mapping_id)
    assert mapping.id == mapping_id
    assert run_examples(mapping) >= 2


def test_a_variable_that_is_not_covered_is_named(intake) -> None:
    with pytest.raises(UserError, match=r"variables of the standard are not covered: yearOfRegistration"):
        intake.mapping(GENDER, impossible=False)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("  - {target: gender, recode: {colum: Sex}}", r"fields\[1\].recode.colum"),
        ("  - {target: gender, eval: 'x'}", "eval"),
        ("  - {target: gender}", "exactly one verb"),
        ("  - {target: gender, recode: {column: Sex}, copy: {column: Sex}}", "exactly one verb"),
        ("  - {target: gendre, recode: {column: Sex}}", "no variable 'gendre'"),
        ("  - {target: RecruiterRelationship, recode: {column: R}}", "derived from others"),
        ("  - {target: gender, const: {code: Female}}", "no code 'Female'"),
        ("  - {target: gender, const: {missing: dunno}}", "no missing reason 'dunno'"),
        ("  - {target: ageBroad, age_at: {born: b, at: c}}", "no date 'b'"),
        ("  - {targets: [gender, ageBroad], recode: {column: Sex}}", "'targets' goes with"),
        (f"{GENDER}\n{GENDER}", "covered 2 times"),
        ("  - {target: gender, recode: {column: Sex, table: nowhere}}", "unknown table"),
        ("  - {target: citizenship, country: {column: C, separator: ';'}}", "rule for several countries is declared"),
    ],
)
def test_each_mistake_names_its_place(intake, fields: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        intake.mapping(fields)
    assert caught.value.detail.where.endswith("mapping.yaml")


def test_codes_of_values_csv_are_checked_with_their_line(intake) -> None:
    for row, words in (
        (intake.value("Sex", "F", "gender", "Female"), "no code 'Female'"),
        (intake.value("Gender", "F", "gender", "Woman"), "No field of mapping.yaml reads the column 'Gender'"),
        ("Sex,F,,,gender,Woman,same,,approved,x,,\n", "relationship is 'same'"),
        ("Sex,F,,,gender,Woman,equal,,approved,,,\n", "approved by nobody"),
        ("Sex,F,,,gender,Woman,not_mappable,,approved,x,,\n", "not_mappable and yet has a target_code"),
        ("Sex,F\n", "2 cells instead of 12"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            intake.mapping(GENDER, row)
        assert "line 2" in caught.value.detail.where


def test_two_rows_that_disagree_are_an_error_and_retired_ones_are_not(intake) -> None:
    both = intake.value("Sex", "F", "gender", "Woman") + intake.value("Sex", " f", "gender", "Man")
    with pytest.raises(UserError, match="different things") as caught:
        intake.mapping(GENDER, both)
    assert "lines 2 and 3" in caught.value.detail.where
    retired = intake.value("Sex", "F", "gender", "Man", status="retired")
    intake.mapping(GENDER, intake.value("Sex", "F", "gender", "Woman") + retired)


def test_the_hash_covers_both_files(intake) -> None:
    one = intake.mapping(GENDER, intake.value("Sex", "F", "gender", "Woman"))
    two = intake.mapping(GENDER, intake.value("Sex", "f", "gender", "Woman"))
    assert one.hash != two.hash


def test_another_version_of_the_standard_is_refused(intake) -> None:
    folder = intake.write(GENDER)
    text = (folder / "mapping.yaml").read_text().replace('standard: "', 'standard: "9')
    (folder / "mapping.yaml").write_text(text)
    with pytest.raises(UserError, match="written for version 9"):
        load_mapping(folder)


def test_a_mapping_that_is_not_there_lists_the_shipped_ones() -> None:
    with pytest.raises(UserError, match="ctdc-synthetic-2021"):
        load_mapping("no-such-mapping")


def test_an_example_that_fails_says_what_came_out(intake) -> None:
    extra = "tests:\n  - {name: a man, row: {Sex: M}, expect: {gender: Woman}}"
    mapping = intake.mapping(GENDER, intake.value("Sex", "M", "gender", "Man"), extra=extra)
    with pytest.raises(UserError, match="gender becomes Man, not Woman"):
        run_examples(mapping)
    extra = "tests:\n  - {name: a man, row: {Sexx: M}}"
    with pytest.raises(UserError, match="reads no column 'Sexx'"):
        run_examples(intake.mapping(GENDER, extra=extra))
