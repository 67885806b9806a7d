"""Arrow's complaints as sentences: what is damage, and what is the system's own."""

import pyarrow as pa
import pytest

from ctdc.foundation.errors import UserError
from ctdc.table.damage import damage

SENTENCE = UserError("table.damaged", "The file is damaged.")


@pytest.mark.parametrize(
    "complaint",
    [
        pa.ArrowInvalid("Maria"),
        pa.ArrowNotImplementedError("Maria"),
        OSError("Maria"),
        MemoryError("Maria"),
        UnicodeDecodeError("utf-8", b"Maria\xff", 5, 6, "no"),
    ],
)
def test_what_arrow_says_of_a_file_is_not_shown(complaint: Exception) -> None:
    with pytest.raises(UserError) as caught, damage(SENTENCE):
        raise complaint
    assert caught.value is SENTENCE
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "error", [PermissionError(13, "no"), FileNotFoundError(2, "no"), UserError("a", "b"), KeyError()]
)
def test_what_is_not_damage_is_left_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, damage(SENTENCE):
        raise error
    assert caught.value is error
