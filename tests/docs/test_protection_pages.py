"""The pages on how people are protected say no more than what the code does.

Where a sentence hangs on a behaviour, the behaviour is tried here beside it; the rest keeps sentences away that were
once written and were not true.
"""

import inspect
import shutil
from pathlib import Path

from tests.support.vaults import KEY, STEWARD, WHEN, deposit, filled, new_vault, raw_file, subject

from ctdc.privacy import outputs
from ctdc.privacy.accounting import Guarantee, strongest_attacker
from ctdc.privacy.plan import make_plan
from ctdc.privacy.selection import BESIDE, WIDE, wide_axes
from ctdc.privacy.shorten import as_long_as_useful
from ctdc.release.meaning import ZCDP
from ctdc.vault.erase import withdraw
from ctdc.vault.store import get, put, read_table
from ctdc.vault.vault import open_vault

DOCS = Path(__file__).parents[2] / "docs"
LAWYERS, SURVIVORS, STATISTICIANS, ASSESSMENT = (
    DOCS / name
    for name in (
        "explanation/protection-for-lawyers.md",
        "explanation/protection-for-survivors.md",
        "explanation/protection-for-statisticians.md",
        "replication/dpia-template.md",
    )
)


def said(page: Path) -> str:
    """The page as one line, without marks of emphasis and of quotation."""
    return " ".join(page.read_text("utf-8").replace("*", "").replace("\n> ", " ").split())


def test_a_file_is_sealed_whole_whatever_is_in_it_and_the_pages_say_so(tmp_path: Path) -> None:
    """A scan looks at tables. That columns without a field are not imported: tests/unit/intake/test_text_files.py."""
    vault = new_vault(tmp_path)
    sent = raw_file(tmp_path, "Mrs. Maria Lopez, +351 912 345 678")
    put(vault, deposit(tmp_path, files=[sent]), STEWARD, WHEN)
    get(vault, "shelter", "2025", tmp_path / "opened", STEWARD, WHEN)
    assert [path.read_bytes() for path in (tmp_path / "opened").rglob("*.csv")] == [sent.read_bytes()]

    for page in (LAWYERS, SURVIVORS, ASSESSMENT):
        assert "before" in said(page) and ("sealed whole" in said(page) or "kept as well, as it came" in said(page))
    assert "not delivered at all" not in said(LAWYERS)
    assert "never leave the organisation" not in said(SURVIVORS)
    assert "no names, addresses, numbers or free text" not in said(ASSESSMENT)


def test_a_small_table_at_a_large_epsilon_is_beyond_the_table_and_the_pages_say_so() -> None:
    """Ten variables of six codes, one at a time: only zCDP certifies, and an attacker may be right nearly always."""
    cost = make_plan([6] * 10, Guarantee(12, 1e-6), 1).cost()
    assert not cost.is_gaussian(1e-6)
    assert strongest_attacker(cost, 1e-6).accuracy > 0.9999
    assert "more than 99.99 % of the time" in said(LAWYERS) and "Before, both were equally likely" in said(LAWYERS)


def test_a_mu_is_a_bound_only_where_the_curve_certifies_it() -> None:
    assert "the exact trade-off is that of one Gaussian mechanism" not in said(STATISTICIANS)
    for certificate in ("rounding lemma and Gaussian trade-off curve", ZCDP):  # as `ctdc.privacy.outputs` writes them
        assert f'"{certificate}"' in inspect.getsource(outputs)
        assert f"`{certificate}`" in said(STATISTICIANS)
    assert "no worse than the curve of one Gaussian mechanism" in said(STATISTICIANS)


def test_the_promise_to_lawyers_has_its_delta() -> None:
    """With delta above nothing a single outcome may be possible for one of two neighbours only."""
    promise = said(LAWYERS).partition("## What is promised")[2].partition("This is differential privacy")[0]
    assert "by no more than a stated factor, and a very small stated probability on top" in promise
    row = said(LAWYERS).partition("| inferring an attribute")[2].partition("Recital")[0]
    assert "epsilon" in row and "delta on top" in row


def test_an_old_copy_opens_after_a_withdrawal_until_keys_are_exchanged_and_the_pages_name_that_time(
    tmp_path: Path,
) -> None:
    vault = filled(tmp_path)
    shutil.copytree(vault.folder, tmp_path / "copy")
    withdraw(vault, "shelter", subject(3), STEWARD, WHEN)
    old = open_vault(tmp_path / "copy", (KEY,))
    assert read_table(old, "shelter", "2025", "cases", STEWARD, WHEN).num_rows == 30

    assert "wherever they lie here" not in said(SURVIVORS)
    assert "until the hub exchanges its own key and destroys the old one. After that nobody" in said(SURVIVORS)
    assert "still hold the sealed row until the vault's key is exchanged" in said(LAWYERS)
    assert "locked copies that are kept in case a machine breaks by [time]" in said(LAWYERS)


def test_what_is_offered_for_consent_says_no_more_than_is_true() -> None:
    assert "nobody can tell from them whether you are" not in said(LAWYERS)
    assert "nobody can be sure from them whether you are" in said(LAWYERS)
    for claim in ("Nobody knows what the dice showed", "since nobody is in them"):
        assert claim not in said(SURVIVORS)


def test_few_people_and_wide_variables_are_told_to_statisticians() -> None:
    """For few people the noise is another one; of a table with a wide variable not every cell is measured."""
    plan = make_plan([3, 4, 5, 3], Guarantee(1, 1e-6), 3)
    few, many = as_long_as_useful(plan, 20), as_long_as_useful(plan, 1e6)
    assert many == plan and few.deviations[(0,)] != plan.deviations[(0,)]
    assert wide_axes([WIDE, BESIDE, 2], (0, 1, 2)) == (0, 1) and not wide_axes([WIDE - 1, BESIDE, 2], (0, 1, 2))

    page = said(STATISTICIANS)
    assert f"of which one has {WIDE} and more codes are thinned" in page and "engine.md#measuring" in page
    assert "a shorter plan, at no higher cost" in page and "does not depend on the data" not in page
    assert "listed or not, is unbiased: ask" not in page and "has no estimate, only an upper end" in page
