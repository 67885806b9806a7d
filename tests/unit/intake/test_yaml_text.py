import pytest

from ctdc.foundation.errors import UserError
from ctdc.intake.yaml_text import parse_yaml_text


def test_every_scalar_stays_the_text_that_was_written() -> None:
    text = "a: NO\nb: on\nc: 01\nd: 12:30\ne: ~\nf: 1e3\n"
    assert parse_yaml_text(text, "x") == {"a": "NO", "b": "on", "c": "01", "d": "12:30", "e": "~", "f": "1e3"}


def test_keys_that_yaml_would_merge_stay_apart() -> None:
    assert set(parse_yaml_text("NO: a\n'no': b\nfalse: c\n", "x")) == {"NO", "no", "false"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "stands twice"),
        ("a: &x [1]\nb: *x\n", "Anchors"),
        ("a: !!python/object:os.system ls\n", "tag"),
        ("--- 1\n--- 2\n", "documents"),
        ("a: [1\nb: 2\n", "not valid YAML"),
        ("[" * 200_000, "nested deeper"),
        ("a: " + "{b: " * 60, "nested deeper"),
    ],
)
def test_what_could_surprise_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        parse_yaml_text(text, "mapping.yaml")
    assert "mapping.yaml" in caught.value.detail.where
