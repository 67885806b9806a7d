"""How a file is read whose columns are those of a release profile."""

from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.standard.loader import load
from ctdc.workflow.protect import DEFAULT_PROFILE, find_source, schema_of_profile


def test_a_file_in_the_columns_of_a_profile_may_have_another_delimiter(tmp_path: Path) -> None:
    schema = schema_of_profile(load().profile(DEFAULT_PROFILE), facts=False)
    path = tmp_path / "people.csv"
    path.write_text("\n".join([";".join(schema.names), ";".join(one.codes[0] for one in schema.variables)]) + "\n")
    source = find_source(path, None, None, facts=False, delimiter=";")
    assert source.profile == DEFAULT_PROFILE
    assert source.load().rows == 1
    with pytest.raises(UserError, match="not those of any release profile"):
        find_source(path, None, None, facts=False)
