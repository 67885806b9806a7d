"""The files of a chart: each format under its name, and all of them in one archive.

Promise: the same chart gives the same bytes in every file, archive included.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from functools import partial

from ctdc.hub.site.kit.png import to_png
from ctdc.hub.site.kit.svg import to_svg
from ctdc.hub.site.kit.tables import to_csv, to_json, to_metadata, to_xlsx
from ctdc.hub.site.kit.value import Chart

ENDINGS = ("svg", "png", "csv", "xlsx", "json", "metadata.json", "zip")
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that an archive can name; a real one would change its bytes
READABLE = 0o644 << 16
UNIX = 3
PACKED = (".png", ".xlsx")  # have been made small already


def chart_files(chart: Chart, *, keep: bool = True) -> Mapping[str, bytes]:
    """The content of each file of a chart by its name: the chart's id with each of `ENDINGS`.

    keep: whether its picture is kept for the next time.
    """
    makers: Mapping[str, Callable[[Chart], bytes]] = {
        "svg": to_svg,
        "png": partial(to_png, keep=keep),
        "csv": to_csv,
        "xlsx": to_xlsx,
        "json": to_json,
    }
    files = {f"{chart.id}.{ending}": make(chart) for ending, make in makers.items()}
    files[f"{chart.id}.metadata.json"] = to_metadata(chart, files)
    return {**files, f"{chart.id}.zip": to_zip(files)}


def to_zip(files: Mapping[str, bytes]) -> bytes:
    """An archive of `files`, name to content, in their order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, LONG_AGO)
            # Without these the archive would say which system wrote it.
            entry.create_system, entry.external_attr = UNIX, READABLE
            packed = name.endswith(PACKED)
            archive.writestr(entry, data, zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()
