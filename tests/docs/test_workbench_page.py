"""docs/how-to/workbench.md names what the workbench shows, and what its command takes."""

import re
from pathlib import Path

from ctdc.cli.workbench import command
from ctdc.hub.workbench.frame import OF_A_RUN
from ctdc.hub.workbench.upload import FORMATS
from ctdc.hub.workbench.words import WORKBENCH_TEXTS

TEXT = (Path(__file__).parents[2] / "docs" / "how-to" / "workbench.md").read_text(encoding="utf-8")
ENGLISH = WORKBENCH_TEXTS.messages("en")
OPTIONS = {option.name: option for option in command.params}


def test_the_steps_are_those_of_the_pages_in_their_order():
    steps = re.findall(r"^\d\. \*\*(.+?)\.\*\*", TEXT, flags=re.MULTILINE)
    assert steps == [ENGLISH[f"step.{name}"] for name in ("file", "columns", "risk", "plan", "run", "results")]
    assert len(OF_A_RUN) == 6


def test_what_a_stopped_run_says_is_what_the_page_quotes():
    quoted = [
        line.split("|")[1].strip() for line in TEXT.splitlines() if line.startswith("| ") and "it says" not in line
    ]
    said = (ENGLISH["result.free"], ENGLISH["result.kept"], ENGLISH["result.lost"])
    assert len(quoted) == 3
    for words, sentence in zip(quoted, said, strict=True):
        assert words.removesuffix(".").lower() in sentence.lower()


def test_the_example_and_the_limits_are_those_of_the_command():
    assert re.search(rf"http://ctdc-[0-9a-f]{{16}}\.localhost:{OPTIONS['port'].default}/\?key=", TEXT)
    assert f"{OPTIONS['most_megabytes'].default:,} MB" in TEXT
    assert ENGLISH["file.forget.button"] in TEXT
    assert {"csv", "tsv", "xlsx", "ods", "parquet"} <= set(FORMATS.values())
