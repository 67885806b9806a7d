"""The examples of docs/how-to/map-a-contributor.md, run."""

import csv
import io
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from markdown_it import MarkdownIt

from ctdc.foundation.progress import Silent
from ctdc.intake.harmonise import harmonise
from ctdc.intake.linked_rows import linked_path
from ctdc.intake.mapping import load_mapping
from ctdc.intake.model import VERBS
from ctdc.intake.outcomes import reasons
from ctdc.intake.values import COLUMNS, RELATIONSHIPS, STATUSES
from ctdc.standard import load

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "map-a-contributor.md"
TEXT = PAGE.read_text(encoding="utf-8")
PARTS = ("tables", "joins", "dates", "fields", "linked")
DEFAULT_TABLES = """- {name: cases, file: cases.csv, format: csv, encoding: utf-8, id: id,
   null_tokens: [{token: "", reason: unknown}]}
"""


def sections() -> dict[str, dict[str, str]]:
    """Heading -> label of a fenced block (``yaml fields``) -> its content, for sections with a result."""
    found: dict[str, dict[str, str]] = {}
    heading = ""
    tokens = MarkdownIt("commonmark").parse(TEXT)
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = tokens[position + 1].content
        elif token.type == "fence" and " " in token.info:
            found.setdefault(heading, {})[token.info.split()[1]] = token.content
    return found


EXAMPLES = sections()


def value_rows(text: str) -> str:
    lines = [",".join(COLUMNS)]
    for column, value, variable, outcome in csv.reader(io.StringIO(text)):
        missing = outcome in reasons()
        row = [column, value, "", "", variable, "" if missing else outcome]
        row += ["not_mappable" if missing else "equivalent", outcome if missing else "", "approved", "doc", "", ""]
        lines.append(",".join(row))
    return "\n".join(lines) + "\n"


def indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def write_mapping(blocks: dict[str, str], folder: Path) -> None:
    covered = {t for field in yaml.safe_load(blocks["fields"]) for t in field.get("targets", [field.get("target")])}
    rest = ", ".join(name for name in load().variables if name not in covered)
    parts = [
        f'format: 1\nid: doc\nversion: "1"\ncontributor: doc\ntitle: Doc\nstandard: "{load().version}"\nmain: cases\n'
    ]
    parts += [f"{part}:\n{indented(blocks[part])}" for part in PARTS if part in blocks]
    if "tables" not in blocks:
        parts.append(f"tables:\n{indented(DEFAULT_TABLES)}")
    parts.append(f"impossible:\n  - {{targets: [{rest}], because: not in this example}}\n")
    folder.mkdir()
    (folder / "mapping.yaml").write_text("".join(parts), encoding="utf-8")
    (folder / "values.csv").write_text(value_rows(blocks.get("values", "")), encoding="utf-8")


@pytest.mark.parametrize("heading", [name for name, blocks in EXAMPLES.items() if "result" in blocks])
def test_the_example_gives_what_the_page_says(heading: str, tmp_path: Path) -> None:
    blocks = EXAMPLES[heading]
    write_mapping(blocks, tmp_path / "doc")
    delivery = tmp_path / "delivery"
    delivery.mkdir()
    for name in ("cases", "events"):
        if name in blocks:
            (delivery / f"{name}.csv").write_text(blocks[name], encoding="utf-8")
    out = tmp_path / "cases.parquet"
    harmonise(delivery, load_mapping(tmp_path / "doc"), subject_key=b"k" * 32, out=out, progress=Silent())
    assert_shows(out, blocks["result"])
    if "rows" in blocks:
        assert_shows(linked_path(out, "perpetrator"), blocks["rows"])


def assert_shows(path: Path, text: str) -> None:
    header, *wanted = csv.reader(io.StringIO(text))
    shown = [
        [str(row[name]) if row[name] is not None else f"({row[f'{name}.missing']})" for name in header]
        for row in pq.read_table(path).to_pylist()
    ]
    assert shown == wanted


def test_rows_that_belong_to_cases_are_shown_in_both_ways() -> None:
    assert [name for name, blocks in EXAMPLES.items() if "rows" in blocks] == [
        "Rows that belong to a case",
        "Numbered columns",
    ]


def test_every_verb_has_a_section_with_an_example() -> None:
    assert set(VERBS) <= {heading for heading, blocks in EXAMPLES.items() if "result" in blocks}


def test_the_page_names_every_word_of_the_format() -> None:
    words = {*reasons(), *RELATIONSHIPS, *STATUSES, *COLUMNS}
    assert not {word for word in words if not re.search(rf"\b{word}\b", TEXT)}
