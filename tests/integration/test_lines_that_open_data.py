"""The lines for Python on a data page, run against the site that shows them."""

import html
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
import uvicorn
from tests.support.protected_twin import PROFILE, write_protected

from ctdc.hub.site.export import export_site
from ctdc.hub.site.serve import application, bind
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo

pytestmark = pytest.mark.slow  # builds a release and its site


def test_the_lines_open_the_records_by_their_address(tmp_path: Path) -> None:
    protected = write_protected(tmp_path / "p", rows=300)
    info = ReleaseInfo("lines", simulated=True, profile=PROFILE)
    release = build(protected, tmp_path / "store", info, None, datetime(2026, 3, 1, tzinfo=UTC))
    out = tmp_path / "site"
    listener = bind("127.0.0.1", 0)
    export_site([release], out, f"http://127.0.0.1:{listener.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(application(out), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        pandas, polars = _opened((out / "en/data/index.html").read_text())
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
    wanted = pl.read_parquet(release / "data/synthetic.parquet")
    assert isinstance(pandas, pd.DataFrame)
    assert wanted.equals(polars)
    assert list(pandas.columns) == wanted.columns
    assert pandas.isna().sum().sum() == sum(wanted.null_count().row(0))


def _opened(page: str) -> list[object]:
    (lines,) = re.findall(r'data-program="python"><code>(.*?)</code>', page, re.DOTALL)
    records = []
    for part in html.unescape(lines).split("\n\n"):
        names: dict[str, object] = {}
        exec(part, names)
        records.append(names["records"])
    return records
