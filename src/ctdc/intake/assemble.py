"""Putting the report on a delivery together from what one pass has gathered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ctdc.intake.delivery import Blocker, DeliveryReport, ValueLine
from ctdc.intake.ids import MAX_SHOWN, Clash
from ctdc.intake.outcomes import Target
from ctdc.intake.quality import Quality
from ctdc.intake.readers.frame import TableReceipt
from ctdc.intake.readers.header import column_letter, repeated
from ctdc.intake.rules import BLOCKING, PROPOSED, UNMAPPED, UNREADABLE, TextRule, describe
from ctdc.intake.text import column_key, counted
from ctdc.intake.work import LinkedWork, Work
from ctdc.standard import load
from ctdc.standard.model import Profile
from ctdc.table.identifiers import Finding, heading_shown, scan_values

_MAX_LISTED = 500  # distinct harmless values of one column that a report lists


def _receipt(receipt: TableReceipt) -> dict[str, Any]:
    return {
        "table": receipt.table,
        "file": receipt.file,
        "sheet": receipt.sheet,
        "format": receipt.format,
        "bytes": receipt.bytes,
        "sha256": receipt.sha256,
        "encoding": receipt.encoding,
        "columns": len(receipt.header),
        "imported_columns": list(receipt.imported),
        "ignored_columns": [heading_shown(name) for name in receipt.ignored if name],
        "rows": receipt.rows,
        "blank_rows": receipt.blank_rows,
        "unreadable_rows": len(receipt.bad_rows),
        "workbook": receipt.workbook,
    }


def _structure(work: Work) -> Iterator[dict[str, Any]]:
    """Facts about files and columns that a person should know; none of them stops the delivery by itself."""
    for receipt in (table.receipt for table in work.tables.values()):
        base = {"table": receipt.table, "file": receipt.file, "sheet": receipt.sheet}
        for name, letters in repeated(receipt.header).items():
            yield base | {"code": "duplicate_ignored", "column": heading_shown(name), "columns": letters}
        for bad in receipt.bad_rows[:MAX_SHOWN]:
            yield base | {"code": "row_width", "row": bad.row, "cells": bad.cells, "expected": bad.expected}
        book = receipt.workbook
        for key in ("hidden_sheets", "formulas", "macros", "external_links", "embedded_objects", "error_cells"):
            if book.get(key):
                yield base | {"code": key, "count": book[key]}
    for name, joined in work.joined.items():
        if joined.orphans:
            yield {"code": "orphan_rows", "table": name, "file": joined.where, "count": joined.orphans}
    for name in work.unused_files:
        yield {"code": "unused_file", "file": name}


def _becomes(rule: TextRule, outcomes: tuple[int, ...]) -> tuple[str, ...]:
    if len(outcomes) != len(rule.targets) or not all(target.atoms for target in rule.targets):
        return ()
    return tuple(describe(outcome, target) for outcome, target in zip(outcomes, rule.targets, strict=True))


def _value_lines(work: Work, report: DeliveryReport) -> Iterator[ValueLine]:
    for rule in work.plan.rules:
        ordered = sorted(rule.seen.items(), key=lambda item: (item[1].status not in BLOCKING, -item[1].count, item[0]))
        blocking = sum(seen.status in BLOCKING for _, seen in ordered)
        for text, seen in ordered[: max(blocking, _MAX_LISTED)]:
            becomes = _becomes(rule, seen.outcomes)
            yield ValueLine(rule.table, rule.column, text, seen.count, rule.names, becomes, seen.status, seen.hint)
        if rule.more_distinct or len(ordered) > max(blocking, _MAX_LISTED):
            report.more_values.append(rule.column)


def _variables(work: Work, rows: int) -> Iterator[dict[str, Any]]:
    """Completeness (rows with a value) and conformance (cells with content that were understood) per variable."""
    impossible = work.mapping.impossible()
    for name in work.mapping.targets:
        rules = [rule for rule in work.plan.rules if name in rule.names]
        good = sum(rule.totals["mapped"] + rule.totals["waived"] + rule.totals["ignored"] for rule in rules)
        bad = sum(rule.totals[status] for rule in rules for status in (UNMAPPED, UNREADABLE, PROPOSED))
        yield {
            "variable": name,
            "state": "impossible" if name in impossible else "mapped",
            "known": work.quality.known(name),
            "rows": rows,
            "missing": work.quality.reasons_of(name),
            "understood": good,
            "not_understood": bad,
            "conformance": "not_applicable" if good + bad == 0 else "failed" if bad else "passed",
        }


def _coverage(work: Work) -> Iterator[dict[str, Any]]:
    impossible = work.mapping.impossible()
    for name in work.mapping.targets:
        reason, because = impossible.get(name, ("", ""))
        yield {"variable": name, "state": "impossible" if reason else "mapped", "reason": reason, "because": because}


def _profile(profile: Profile, targets: dict[str, Target], impossible: set[str]) -> dict[str, Any]:
    """Which columns of a published shape this source fills: wholly, in part (derived from several), or not."""
    standard = load()
    covered: list[str] = []
    partial: list[str] = []
    absent: list[str] = []
    for column in profile.columns:
        variable = standard.variable(column.variable)
        sources = variable.sources if variable.is_derived else (variable.name,)
        there = [name for name in sources if name in targets and name not in impossible]
        (covered if len(there) == len(sources) else partial if there else absent).append(column.name)
    return {"profile": profile.id, "covered": covered, "partial": partial, "absent": absent}


def _identifiers(work: Work) -> list[Finding]:
    findings: list[Finding] = []
    for rule in work.plan.rules:
        unknown = [(text, seen.count) for text, seen in rule.seen.items() if seen.status in BLOCKING]
        findings += _placed(work, scan_values(rule.table, rule.column, unknown, blocking=True))
    for table, unread in work.unread.items():
        findings += unread.findings(table)
    return list(dict.fromkeys(findings))


def _placed(work: Work, findings: list[Finding]) -> list[Finding]:
    """The same with the positions of their columns."""
    headers = {name: table.receipt.header for name, table in work.tables.items()}
    return [
        replace(one, position=headers[one.table].index(key) + 1)
        if (key := column_key(one.column)) in headers[one.table]
        else one
        for one in findings
    ]


def _clash_blocker(clashes: list[Clash], kind: str, code: str, what: str, do: str) -> list[Blocker]:
    found = [clash for clash in clashes if clash.kind == kind]
    if not found:
        return []
    rows = "; ".join(" and ".join(map(str, clash.rows[:6])) for clash in found[:5])
    return [
        Blocker(
            code,
            len(found),
            what.format(
                ids=counted(len(found), "id stands", "ids stand"),
                are=counted(len(found), "id is", "ids are"),
                rows=rows,
            ),
            do,
        )
    ]


def _id_blockers(work: Work) -> list[Blocker]:
    clashes = work.ids.clashes()
    blockers = _clash_blocker(
        clashes,
        "repeated",
        "intake.id_repeated",
        "{ids} in more than one row (first: rows {rows}).",
        "Give each case its own id and one row, or deliver repeated events as a joined table.",
    )
    blockers += _clash_blocker(
        clashes,
        "two_spellings",
        "intake.id_spelling",
        "{are} one number written in two ways, such as 007 and 7, or 8 and 8.0 (first: rows {rows}).",
        "Store ids as text in your program; numbers lose leading zeros and gain decimals.",
    )
    if empty := work.ids.empty_rows:
        rows = ", ".join(map(str, empty[:10]))
        blockers.append(
            Blocker(
                "intake.id_empty",
                len(empty),
                f"{counted(len(empty), 'row has', 'rows have')} no id (first: {rows}).",
                "Fill the id column, or exclude these rows in the mapping with the reason.",
            )
        )
    return blockers


_WORDS = {
    UNMAPPED: ("value is in no crosswalk.", "distinct values are in no crosswalk."),
    UNREADABLE: (
        "text cannot be read as the date, year, number or band that it should be.",
        "distinct texts cannot be read as the date, year, number or band that they should be.",
    ),
    PROPOSED: (
        "value is mapped by a row of values.csv that nobody has approved yet.",
        "distinct values are mapped by rows of values.csv that nobody has approved yet.",
    ),
}
_DO = {
    UNMAPPED: "Add a row to values.csv for each of them ('ctdc intake check FILE --mapping DIR --report OUT' drafts "
    "the rows), or correct the value in the source.",
    UNREADABLE: "Correct the cells, or waive the text by name in values.csv.",
    PROPOSED: "Have a second person review these rows and set their status to approved.",
}


def _blockers(work: Work, report: DeliveryReport) -> Iterator[Blocker]:
    yield from _id_blockers(work)
    bad = [row for table in work.tables.values() for row in table.receipt.bad_rows]
    if bad:
        rows = ", ".join(f"{row.row} ({row.cells} cells)" for row in bad[:5])
        yield Blocker(
            "intake.row_width",
            len(bad),
            f"{counted(len(bad), 'row does', 'rows do')} not have the {bad[0].expected} cells of the header "
            f"(first: row {rows}).",
            "Look for a delimiter inside a cell without quotes, or a line broken in two.",
        )
    for status in (UNMAPPED, UNREADABLE, PROPOSED):
        if count := sum(line.status == status for line in report.values):
            yield Blocker(f"intake.{status}", count, counted(count, *_WORDS[status]), _DO[status])
    if found := [finding for finding in report.identifiers if finding.blocking and finding.imported]:
        places = ", ".join(sorted({f"{finding.column} ({finding.kind})" for finding in found})[:6])
        yield Blocker(
            "intake.identifiers",
            sum(finding.distinct for finding in found),
            f"Texts that look like direct identifiers of people stand in columns that are imported: {places}.",
            "Remove names, telephone numbers, e-mail addresses and free text from these columns before delivery.",
        )
    if columns := report.suspected_columns:
        yield Blocker(
            "intake.identifiers_unread",
            len(columns),
            f"{counted(len(columns), 'column that no field reads looks', 'columns that no field reads look')} like "
            f"direct identifiers of people, and the file would be kept with them: {_listed(columns)}.",
            "Take these columns out of the file and deliver it again. A column of numbers or of names of places and "
            "organisations may be declared under 'harmless' in the mapping, with the reason: have a second person "
            "approve that.",
        )


def _listed(columns: Mapping[tuple[str, int], Sequence[Finding]]) -> str:
    """Columns by table, letter, number and heading, and what they look like; never a cell."""
    lines = []
    for (table, position), found in list(columns.items())[:MAX_SHOWN]:
        heading = f" {found[0].column!r}" if found[0].column else " (no heading)"
        kinds = ", ".join(finding.kind.replace("_", " ") for finding in found)
        lines.append(f"table {table!r}, column {column_letter(position - 1)} (number {position}){heading}: {kinds}")
    more = len(columns) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")


def assemble(work: Work, rows: int) -> DeliveryReport:
    """The report, after all rows were read; `rows` is the number harmonised. Without any the delivery is held back."""
    report = _assembled(work, rows)
    report.blockers += _no_rows(work, rows)
    return report


def _no_rows(work: Work, rows: int) -> Iterator[Blocker]:
    if rows:
        return
    table, read = work.main.receipt.table, work.main.receipt.rows
    what = f"has {counted(read, 'row', 'rows')}, all left out by the mapping" if read else "has no rows"
    yield Blocker(
        "intake.no_rows",
        1,
        f"The table {table!r} {what}: there is no case to take over.",
        "Look whether the right file and sheet were exported, with their rows, and deliver them again.",
    )


def _assembled(work: Work, rows: int) -> DeliveryReport:
    spec = work.mapping.spec
    report = DeliveryReport(
        mapping={
            "id": spec.id,
            "version": spec.version,
            "hash": work.mapping.hash,
            "contributor": spec.contributor,
            "title": spec.title,
            "standard": spec.standard,
        },
        delivery=work.delivery,
        receipts=[_receipt(table.receipt) for table in work.tables.values()],
        rows_read=work.main.receipt.rows,
        rows_written=rows,
        excluded=[{"reason": reason, "rows": count} for reason, count in work.excluded.items()],
        structure=list(_structure(work)),
        variables=list(_variables(work, rows)),
        plausibility=work.quality.plausibility(),
        coverage=list(_coverage(work)),
        issues=sorted(work.plan.issues.first, key=lambda issue: (issue.table, issue.row, issue.column)),
        issues_total=work.plan.issues.total,
    )
    report.values = sorted(_value_lines(work, report), key=lambda line: line.status not in BLOCKING)
    impossible = set(work.mapping.impossible())
    targets = dict(work.mapping.targets)
    report.profiles = [_profile(profile, targets, impossible) for profile in load().profiles.values()]
    report.identifiers = _identifiers(work)
    report.blockers = list(_blockers(work, report))
    return report


def absorb(report: DeliveryReport, linked: LinkedWork, rows: int) -> None:
    """Add what was found in an entity's rows; `rows` is the number harmonised. Their variables name the entity."""
    lines: list[dict[str, Any]] = []
    for work in linked.sources:
        own = _assembled(work, rows)  # cases without linked rows are well
        report.values += own.values
        report.more_values += own.more_values
        report.identifiers += [finding for finding in own.identifiers if finding not in report.identifiers]
        report.issues += own.issues
        report.issues_total += own.issues_total
        report.blockers = _added(report.blockers, own.blockers)
        lines = _summed(lines, own.variables)
    # Blocks share their quality, so the last one tells of all.
    report.plausibility = _checked(report.plausibility, linked.entity, linked.sources[-1].quality)
    report.variables += [line | {"variable": f"{linked.entity}: {line['variable']}"} for line in lines]
    report.coverage += [line | {"variable": f"{linked.entity}: {line['variable']}"} for line in own.coverage]
    _tell_orphans(report, linked)
    shown = {(receipt["table"], receipt["file"]) for receipt in report.receipts}
    report.receipts += [
        _receipt(table.receipt)
        for table in linked.sources[0].tables.values()
        if (table.receipt.table, table.receipt.file) not in shown
    ]
    report.values.sort(key=lambda line: line.status not in BLOCKING)


def _checked(cases: list[dict[str, Any]], entity: str, quality: Quality) -> list[dict[str, Any]]:
    """The checks of cases, and those of an entity that are about its variables; what is looked at there alone is told
    there alone.
    """
    own = [check | {"entity": entity} for check in quality.plausibility() if check["check"] in quality.looked_at]
    told = {check["check"] for check in own}
    return [one for one in cases if one["result"] != "not_applicable" or one["check"] not in told] + own


def _summed(lines: list[dict[str, Any]], more: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines about the same variables from another block: what is known stands in both, cells are added up."""
    if not lines:
        return more
    both = []
    for line, other in zip(lines, more, strict=True):
        cells = {name: line[name] + other[name] for name in ("understood", "not_understood")}
        states = {line["conformance"], other["conformance"]}
        worst = next((state for state in ("failed", "passed") if state in states), "not_applicable")
        both.append(line | cells | {"conformance": worst})
    return both


def _tell_orphans(report: DeliveryReport, linked: LinkedWork) -> None:
    """Linked rows of no case, in place of what was found by joining the same table."""
    first = linked.sources[0]
    name = first.main.receipt.table
    report.structure = [line for line in report.structure if (line["code"], line.get("table")) != ("orphan_rows", name)]
    if linked.orphans:
        where = {"table": name, "file": first.main.receipt.file}
        report.structure.append({"code": "orphan_rows", **where, "count": linked.orphans})


def _added(blockers: list[Blocker], more: list[Blocker]) -> list[Blocker]:
    """Both lists, one blocker for each code, their places added up."""
    found = {blocker.code: blocker for blocker in blockers}
    for blocker in more:
        known = found.get(blocker.code)
        count = blocker.count + known.count if known else blocker.count
        what = f"{known.what} {blocker.what}" if known and known.what != blocker.what else blocker.what
        found[blocker.code] = Blocker(blocker.code, count, what, blocker.do)
    return list(found.values())
