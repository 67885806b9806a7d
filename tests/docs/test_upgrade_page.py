"""docs/how-to/upgrade.md: whoever goes back loses no charge, and brings nobody back who has withdrawn."""

import shutil
from pathlib import Path

from tests.support.vaults import STEWARD, WHEN, filled, reopened, subject

from ctdc.hub.studio import place
from ctdc.vault.erase import withdraw
from ctdc.vault.store import read_table

PAGE = Path(__file__).parents[2] / "docs/how-to/upgrade.md"
BACK = PAGE.read_text("utf-8").partition("\n## Back\n")[2].partition("\n## ")[0]
STAYS = BACK.partition("| stays as it is today |")[2].partition("\n\n")[0]


def test_an_old_folder_of_the_vault_brings_back_who_withdrew_and_the_page_says_to_keep_todays(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    shutil.copytree(vault.folder, tmp_path / "copy")
    withdraw(vault, "shelter", subject(3), STEWARD, WHEN)

    def people() -> int:
        return int(read_table(reopened(vault), "shelter", "2025", "cases", STEWARD, WHEN).num_rows)

    assert people() == 29
    shutil.rmtree(vault.folder)
    shutil.copytree(tmp_path / "copy", vault.folder)
    assert people() == 30
    assert "the vault with its log" in STAYS


def test_the_accounts_stay_and_the_database_alone_goes_back(tmp_path: Path) -> None:
    studio = place.create(tmp_path / "studio", address="http://127.0.0.1:8800", hub="Example", sender="a@example.org")
    assert f"`{studio.ledger.name}`" in STAYS
    assert f"`{studio.accounts.name}/`" in STAYS
    assert f"`{studio.releases.name}/`" in STAYS
    assert "Only these two go back" in " ".join(BACK.split())
    assert "go back to the copy" not in BACK
