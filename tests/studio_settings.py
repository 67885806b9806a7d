"""The settings of a studio that tests and the type checker make for themselves; its folder goes with the process."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from ctdc.hub.studio import place

_scratch = Path(tempfile.mkdtemp(prefix="ctdc-studio-"))
atexit.register(shutil.rmtree, _scratch, ignore_errors=True)
_made = place.create(_scratch / "studio", address="http://localhost:8800", hub="Test hub", sender="studio@example.org")
os.environ[place.VARIABLE] = str(_made.folder)
if os.environ.get("CTDC_STUDIO_DATABASE"):  # set by `tests.on_postgresql`, which runs the studio's tests a second time
    _written = (_made.folder / place.SETTINGS).read_text(encoding="utf-8")
    _changed = _written.replace('database = "sqlite"', 'database = "environment"')
    (_made.folder / place.SETTINGS).write_text(_changed, encoding="utf-8")

from ctdc.hub.studio.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one is slow, as it should be
PASSWORD_RESET_TAKES = 0.0  # what it is for has a test of its own
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# A file, as in a studio that runs: threads of a test see each other's transactions as processes do.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(_scratch / "test.sqlite3")}  # noqa: F405
    _options = DATABASES["default"]["OPTIONS"]  # noqa: F405
    # It goes with the process, and need not wait for the disk.
    _options["init_command"] = _options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
