"""``ctdc`` as tests run it that are about something else than pictures and migrations.

One small picture stands for every PNG, of which a site has hundreds and each takes a tenth of a second, and a new
studio's database is a copy of a ready one. All else is as people run it. Pictures have tests of their own
(`tests/browser/test_pictures.py`, `tests/unit/hub/kit`), migrations too (`tests/upgrade`).
"""

from __future__ import annotations

import faulthandler
import sys
from functools import cache
from pathlib import Path

import resvg_py

ROOT = Path(__file__).parents[2]
QUICK = (sys.executable, str(Path(__file__)))
RECTANGLE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><rect width="1" height="1"/></svg>'
_draw = resvg_py.svg_to_bytes


@cache
def small_picture() -> bytes:
    """The PNG that stands for all."""
    return bytes(_draw(svg_string=RECTANGLE, width=120))


def _run() -> None:
    faulthandler.enable()  # where its threads stand, for `tests.support.ended`
    sys.path[0] = str(ROOT)  # and not the folder of this file, whose names are nobody's
    resvg_py.svg_to_bytes = lambda **_: small_picture()
    if sys.argv[1:2] == ["studio"]:
        from tests.support import ready_database

        from ctdc.hub.studio import starting

        ready_database.fill_new()
        starting.STUDIO = (*QUICK, "studio")
    from ctdc.cli.main import main

    main()


if __name__ == "__main__":
    _run()
