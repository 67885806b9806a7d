"""The report on one delivery, as data.

Promise: everything that a contributor needs to repair a delivery is in here, in codes and numbers that a page in any
language can lay out; values that look like direct identifiers are masked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ctdc.foundation.errors import ErrorDetail, UserError
from ctdc.intake.rules import UNMAPPED, Issue
from ctdc.intake.text import counted
from ctdc.intake.values import COLUMNS
from ctdc.table.identifiers import Finding, kind_of, looks_like_name, mask

REPORT_VERSION = "1"


@dataclass(frozen=True)
class ValueLine:
    """A distinct source value: what it became, how often, and whether that blocks promotion."""

    table: str
    column: str
    value: str
    count: int
    targets: tuple[str, ...]
    becomes: tuple[str, ...]
    status: str
    hint: str = ""


@dataclass(frozen=True)
class Blocker:
    """A reason why the delivery cannot be promoted: a code, how many places, and a sentence in English."""

    code: str
    count: int
    what: str
    do: str


@dataclass
class DeliveryReport:
    """What was found in one delivery. `promotable` is true when `blockers` is empty."""

    mapping: dict[str, str]
    delivery: str
    receipts: list[dict[str, Any]]
    rows_read: int = 0
    rows_written: int = 0
    excluded: list[dict[str, Any]] = field(default_factory=list)
    structure: list[dict[str, Any]] = field(default_factory=list)
    values: list[ValueLine] = field(default_factory=list)
    more_values: list[str] = field(default_factory=list)
    variables: list[dict[str, Any]] = field(default_factory=list)
    plausibility: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    profiles: list[dict[str, Any]] = field(default_factory=list)
    identifiers: list[Finding] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    issues_total: int = 0
    blockers: list[Blocker] = field(default_factory=list)
    examples_run: int = 0

    @property
    def promotable(self) -> bool:
        """Whether the delivery may go on as it is."""
        return not self.blockers

    @property
    def quarantined(self) -> list[ValueLine]:
        """Distinct values that nothing explains yet."""
        return [line for line in self.values if line.status in ("unmapped", "unreadable", "proposed")]

    @property
    def suspected_columns(self) -> dict[tuple[str, int], list[Finding]]:
        """Table and position (from 1) of the columns that nothing reads and that keep the delivery back; and why."""
        found: dict[tuple[str, int], list[Finding]] = {}
        for finding in self.identifiers:
            if finding.blocking and not finding.imported:
                found.setdefault((finding.table, finding.position), []).append(finding)
        return found

    @property
    def has_marks(self) -> bool:
        """Whether there is something that a copy of the delivery could show in its place."""
        return bool(self.issues or self.suspected_columns)

    def as_dict(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "report": REPORT_VERSION,
            "promotable": self.promotable,
            "mapping": self.mapping,
            "delivery": self.delivery,
            "rows_read": self.rows_read,
            "rows_written": self.rows_written,
            "receipts": self.receipts,
            "excluded": self.excluded,
            "structure": self.structure,
            "values": [_masked_value(asdict(line)) for line in self.values],
            "more_values": self.more_values,
            "variables": self.variables,
            "plausibility": self.plausibility,
            "coverage": self.coverage,
            "profiles": self.profiles,
            "identifiers": [asdict(finding) for finding in self.identifiers],
            "row_errors": [_shown_issue(issue) for issue in self.issues],
            "row_errors_total": self.issues_total,
            "blockers": [asdict(blocker) for blocker in self.blockers],
            "examples_run": self.examples_run,
        }

    def draft_rows(self) -> list[dict[str, str]]:
        """Rows to copy into ``values.csv``: one per value in quarantine, status proposed, to be completed.

        The value labels of an SPSS or Stata file are their source labels.
        """
        labels: dict[str, dict[str, str]] = {}
        for receipt in self.receipts:
            labels |= receipt["workbook"].get("value_labels", {})
        return [
            dict.fromkeys(COLUMNS, "")
            | {
                "source_column": line.column,
                "source_value": line.value,
                "source_label": labels.get(line.column, {}).get(line.value, ""),
                "target_variable": line.targets[0] if len(line.targets) == 1 and " " not in line.targets[0] else "",
                "status": "proposed",
                "comment": line.hint,
            }
            for line in self.quarantined
            if not kind_of(line.value, line.column)
        ]


def _masked_value(line: dict[str, Any]) -> dict[str, Any]:
    """The line with its value (and the items of it that a hint repeats) masked if it looks like an identifier."""
    value = str(line["value"])
    if kind_of(value, str(line["column"])):
        return line | {"value": mask(value), "hint": "", "masked": True}
    return line


def _shown_issue(issue: Issue) -> dict[str, Any]:
    shown, hint = shown_cell(issue)
    line = {name: value for name, value in asdict(issue).items() if name != "items"} | {"value": shown, "hint": hint}
    return line if shown == issue.value else line | {"masked": True}


def shown_cell(issue: Issue) -> tuple[str, str]:
    """A cell that could not be used, and its hint, as reports show them: masked where it looks like an identifier.

    Of a list that is only as long as free text, the items that the mapping knows stay, which somebody wrote there for
    all cells; the others do if they are none together either. Whatever else it looks like, nothing of it is shown.
    """
    kind = kind_of(issue.value, issue.column)
    if not kind:
        return issue.value, issue.hint
    unknown = [item for item, status in issue.items if status == UNMAPPED]
    if kind != "free_text" or len(unknown) == len(issue.items):
        return mask(issue.value), ""
    looks = [kind_of(text, issue.column) or looks_like_name(text) for text in (", ".join(unknown), *unknown)]
    hidden = {item: mask(item) if any(looks) else item for item in unknown}
    return "; ".join(hidden.get(item, item) for item, _ in issue.items), ", ".join(hidden.values())


class Quarantined(UserError):
    """The delivery was read, and something in it keeps it from being promoted. `report` says everything."""

    def __init__(self, report: DeliveryReport, where: str) -> None:
        self.report = report
        detail = quarantine_detail(report, where)
        super().__init__(detail.code, detail.what, where=detail.where, allowed=detail.allowed, do=detail.do)


def quarantine_detail(report: DeliveryReport, where: str) -> ErrorDetail:
    """The blockers in words, with the first values by name."""
    shown = []
    for line in report.quarantined[:8]:
        value = mask(line.value) if kind_of(line.value, line.column) else line.value
        hint = f"; {line.hint}" if line.hint and line.hint != line.value else ""
        shown.append(f"{line.column}: {value!r} in {counted(line.count, 'cell', 'cells')} ({line.status}{hint})")
    more = len(report.quarantined) - len(shown)
    sentences = " ".join(blocker.what for blocker in report.blockers)
    listing = "".join(f"\n    - {line}" for line in shown) + (
        f"\n    - and {counted(more, 'more value', 'more values')}" if more > 0 else ""
    )
    return ErrorDetail(
        "intake.quarantine",
        f"The delivery cannot be promoted. {sentences}{listing}",
        where,
        "every distinct value mapped, or waived by name (not_mappable and a missing_reason), in values.csv",
        " ".join(dict.fromkeys(blocker.do for blocker in report.blockers)),
    )
