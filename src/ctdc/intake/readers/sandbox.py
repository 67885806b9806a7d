"""Workbooks and statistics files, parsed in a child process under limits.

Promise: a parser that wants too much memory, too much time or aborts takes only the child with it, and the reader
of the file gets a sentence; rows arrive through a pipe, in batches, and never touch the disk.
Where the system does not allow a process to leave the network (unprivileged namespaces switched off), the receipt
says so; the child opens no sockets by itself.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.intake.model import TableSpec
from ctdc.intake.readers.child import EXIT_REFUSED
from ctdc.intake.readers.frame import Frame, Needs, TableReceipt, blank_rows, column_of, select
from ctdc.intake.readers.header import check_header, distinct, place_of
from ctdc.intake.readers.limits import DEFAULT_LIMITS, Limits
from ctdc.intake.readers.unread import Unread


def _request(path: Path, spec: TableSpec, needs: Needs, limits: Limits, unread: bool) -> bytes:
    return json.dumps(
        {
            "path": str(path.resolve()),
            "format": spec.format,
            "sheet": spec.sheet or "",
            "header_row": spec.header_row,
            "skip_after_header": spec.skip_after_header,
            "columns": sorted(needs.columns),
            "prefixes": list(needs.prefixes),
            "everything": needs.everything,
            "whole": unread or needs.nameless,
            "limits": limits.as_dict(),
        }
    ).encode()


def _require_statistics() -> None:
    if importlib.util.find_spec("pyreadstat") is None:
        raise UserError(
            "intake.extra_missing",
            "Reading SPSS and Stata files needs an extra library that is not installed.",
            do="Install it with:  pip install 'ctdc[stats]'  (or ask for the table as CSV).",
        )


class SandboxedTable:
    """An opened sheet or statistics file; its rows come through the child's pipe."""

    def __init__(
        self,
        path: Path,
        spec: TableSpec,
        needs: Needs,
        limits: Limits = DEFAULT_LIMITS,
        unread: Unread | None = None,
    ) -> None:
        """Start the child and read the header. Raises UserError for what the child refuses or cannot bear."""
        if spec.format in ("sav", "dta"):
            _require_statistics()
        self._path, self._limits = path, limits
        self._timed_out = False
        self._start(_request(path, spec, needs, limits, unread is not None))
        try:
            self._stream = pa.ipc.open_stream(self._child.stdout)
        except (pa.ArrowInvalid, OSError):
            raise self._failure() from None
        meta = self._stream.schema.metadata
        header = tuple(json.loads(meta[b"ctdc.header"]))
        positions = [int(name[1:]) for name in self._stream.schema.names[1:]]
        width = max((len(header), *(position + 1 for position in positions)))
        if needs.nameless:
            header += ("",) * (width - len(header))
        header = distinct(header) if needs.everything else header
        workbook: dict[str, Any] = json.loads(meta[b"ctdc.meta"])
        named = [position for position in positions if position < len(header)]
        self._wanted = {position: header[position] for position in named if needs.wants(header[position])}
        self._positions, self._unread = positions, unread
        if unread is not None:
            self._bind(unread, header, width, workbook)
        self.receipt = TableReceipt(
            table=spec.name,
            file=path.name,
            sheet=spec.sheet or "",
            format=spec.format,
            bytes=path.stat().st_size,
            sha256=hash_file(path),
            header=header,
            imported=tuple(self._wanted.values()),
            workbook=workbook,
        )
        try:
            check_header(header, needs, place_of(path.name, spec))
        except UserError:
            self.close()
            raise

    def _bind(self, unread: Unread, header: tuple[str, ...], width: int, facts: dict[str, Any]) -> None:
        """What a statistics file says of its codes and columns is looked at, too: a code's label may be a name."""
        unread.bind(header, width, facts.get("column_labels"))
        for position, name in enumerate(header):
            if labels := facts.get("value_labels", {}).get(name):
                unread.look(position, pa.array(labels.values(), pa.string()))

    def _start(self, request: bytes) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "ctdc.intake.readers.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._errors: list[bytes] = []
        self._collector = threading.Thread(target=self._collect_errors, daemon=True)
        self._collector.start()
        self._timer = threading.Timer(self._limits.wall_seconds, self._time_out)
        self._timer.daemon = True
        self._timer.start()
        try:
            if self._child.stdin is not None:
                self._child.stdin.write(request)
                self._child.stdin.close()
        except BrokenPipeError:
            raise self._failure() from None

    def _collect_errors(self) -> None:
        stream = self._child.stderr
        if stream is not None:
            self._errors.append(stream.read(65_536))
            while stream.read(65_536):  # a child that floods its error output must not block on it
                pass

    def _time_out(self) -> None:
        self._timed_out = True
        self._child.kill()

    def close(self) -> None:
        """End the child, whether its rows were read or not."""
        self._timer.cancel()
        self._child.kill()
        self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()

    def _failure(self) -> UserError:
        """Why the child ended without giving all rows."""
        code = self._child.wait()
        self._timer.cancel()
        self._collector.join()
        report = b"".join(self._errors)
        if code == EXIT_REFUSED and report.startswith(b"{"):
            detail = json.loads(report)
            if detail["what"] != "memory":
                return UserError(**detail)
        reason = "took too long" if self._timed_out or code == -24 else "needs more memory than a case file may need"
        return UserError(
            "intake.too_large",
            f"Reading the file was stopped: it {reason}, or is made to break the program that reads it.",
            where=self._path.name,
            allowed=f"{self._limits.memory >> 20:,} MB of memory, {self._limits.cpu_seconds} s of computing, "
            f"{self._limits.wall_seconds} s in all",
            do="Copy the rows and columns that hold cases into a new, empty workbook, or save the sheet as CSV.",
        )

    def frames(self) -> Iterator[Frame]:
        """The rows. Raises UserError (``intake.too_large``) when the child is stopped on the way."""
        try:
            for batch in self._stream:
                frame = self._frame(batch)
                blank = blank_rows(frame)
                self.receipt.blank_rows += int(blank.sum())
                frame = select(frame, ~blank) if blank.any() else frame
                self.receipt.rows += frame.length
                if frame.length:
                    yield frame
        except (pa.ArrowInvalid, OSError):
            raise self._failure() from None
        finally:
            if self._child.poll() is None and self._child.stdout is not None:
                self._child.stdout.close()
            code = self._child.wait()
            self._timer.cancel()
        if code != 0:
            raise self._failure()

    def _frame(self, batch: pa.RecordBatch) -> Frame:
        arrays = dict(zip(self._positions, batch.columns[1:], strict=True))
        if self._unread is not None:
            self._unread.look_all(arrays)
        columns = {name: column_of(arrays[position].dictionary_encode()) for position, name in self._wanted.items()}
        return Frame(columns, batch.column(0).to_numpy().astype(np.int64))
