"""What the tasks of a spread intake gather, and how it is put together again.

Promise: what is told of the parts of a delivery and put together is what one pass over all of it would have gathered:
counts add up, and of cells that could not be used those of the first rows are kept. Codes travel as codes, never as
positions, which grow in another order in each part.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from ctdc.intake.outcomes import Target, reasons
from ctdc.intake.rules import BLOCKING, MAX_DISTINCT, MAX_ISSUES, Issue, SeenValue, TextRule
from ctdc.intake.work import Work

Told = dict[str, Any]
MOST_ROWS = 20  # of a plausibility rule that are named


def _said(outcome: int, target: Target) -> int | str:
    return target.codes[outcome] if outcome >= 0 and target.atoms else outcome


def _heard(outcome: int | str, target: Target) -> int:
    if isinstance(outcome, int):
        return outcome
    known = target.outcome(outcome)
    return target.outcome_of_list(frozenset(outcome.split(";"))) if known is None else known


def tell(work: Work, written: int) -> str:
    """Everything that a part's pass has gathered, but for the hashes of ids, as JSON."""
    quality, receipt = work.quality, work.main.receipt
    told: Told = {
        "rows": receipt.rows,
        "blank": receipt.blank_rows,
        "written": written,
        "excluded": dict(work.excluded),
        "rules": [_tell_rule(rule) for rule in work.plan.rules],
        "issues": [asdict(issue) for issue in work.plan.issues.first],
        "issues_total": work.plan.issues.total,
        "values": {
            name: {quality.targets[name].codes[place]: int(counts[place]) for place in np.flatnonzero(counts)}
            for name, counts in quality.values.items()
        },
        "absent": {name: counts.tolist() for name, counts in quality.absent.items()},
        "hits": quality.rule_hits,
        "base": quality.rule_base,
        "rule_rows": quality.rule_rows,
        "empty": work.ids.empty_rows,
        "unread": work.unread[work.mapping.spec.main].tell(),
    }
    return json.dumps(told, ensure_ascii=False)


def _tell_rule(rule: TextRule) -> Told:
    seen = [
        [
            text,
            one.status,
            [_said(*pair) for pair in zip(one.outcomes, rule.targets, strict=False)],
            one.count,
            one.hint,
        ]
        for text, one in rule.seen.items()
    ]
    return {"totals": dict(rule.totals), "more": rule.more_distinct, "seen": seen}


def hear(work: Work, parts: Iterable[str]) -> int:
    """Put together in `work`, which has seen no row, what the parts told; returns how many rows were written."""
    written = 0
    for told in map(json.loads, parts):
        written += told["written"]
        work.main.receipt.rows += told["rows"]
        work.main.receipt.blank_rows += told["blank"]
        work.excluded.update(told["excluded"])
        for rule, one in zip(work.plan.rules, told["rules"], strict=True):
            _hear_rule(rule, one)
        work.plan.issues.first += [_issue(issue) for issue in told["issues"]]
        work.plan.issues.total += told["issues_total"]
        work.ids.empty_rows += told["empty"]
        work.unread[work.mapping.spec.main].hear(told["unread"])
        _hear_quality(work, told)
    work.plan.issues.first.sort(key=lambda issue: issue.row)
    del work.plan.issues.first[MAX_ISSUES:]
    work.ids.empty_rows.sort()
    for rows in work.quality.rule_rows.values():
        rows.sort()
        del rows[MOST_ROWS:]
    return written


def _hear_rule(rule: TextRule, told: Told) -> None:
    rule.totals.update(told["totals"])
    rule.more_distinct |= told["more"]
    for text, status, outcomes, count, hint in told["seen"]:
        entry = rule.seen.get(text)
        if entry is None:
            if len(rule.seen) >= MAX_DISTINCT and status not in BLOCKING:
                rule.more_distinct = True
                continue
            heard = tuple(_heard(*pair) for pair in zip(outcomes, rule.targets, strict=False))
            entry = rule.seen[text] = SeenValue(status, heard, 0, hint)
        entry.count += count


def _hear_quality(work: Work, told: Told) -> None:
    quality = work.quality
    for name, counts in told["values"].items():
        target = quality.targets[name]
        places = {_heard(code, target): count for code, count in counts.items()}
        own = np.zeros(len(target.codes), dtype=np.int64)
        own[: len(quality.values.get(name, ()))] = quality.values.get(name, 0)
        own[list(places)] += np.array(list(places.values()), dtype=np.int64)
        quality.values[name] = own
    for name, absent in told["absent"].items():
        before = quality.absent.get(name, np.zeros(len(reasons()), np.int64))
        quality.absent[name] = np.array(absent, dtype=np.int64) + before
    for into, new in ((quality.rule_hits, told["hits"]), (quality.rule_base, told["base"])):
        for rule, count in new.items():
            into[rule] = into.get(rule, 0) + count
    for rule, rows in told["rule_rows"].items():
        quality.rule_rows.setdefault(rule, []).extend(rows)


def _issue(told: dict[str, Any]) -> Issue:
    """An issue that came as JSON, which knows no tuples."""
    items = tuple((item, status) for item, status in told["items"])
    return Issue(**(told | {"targets": tuple(told["targets"]), "items": items}))
