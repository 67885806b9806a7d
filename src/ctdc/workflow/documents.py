"""Files that people write by hand, read into a declared form.

Promise: whatever is wrong is one kind of error, which says in which file and where in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from ctdc.foundation.documents import BadDocument, parse_toml
from ctdc.foundation.errors import UserError

T = TypeVar("T")


def read_toml_as(form: TypeAdapter[T], path: Path, code: str, allowed: str, do: str) -> T:
    """The content of the TOML file `path`. code: of the UserError that is raised; allowed, do: what it says."""
    try:
        return form.validate_python(parse_toml(path.read_bytes()))
    except FileNotFoundError:
        raise UserError(code, f"There is no file {path}.") from None
    except BadDocument as error:
        raise UserError(code, f"{path} is not TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{path}, {'.'.join(map(str, first['loc']))}"
        raise UserError(code, f"{first['msg']}.", where=where, allowed=allowed, do=do) from None
