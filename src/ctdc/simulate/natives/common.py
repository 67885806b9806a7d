"""What the simulated contributors share: the standard's codes in order, case numbers, dates as text."""

from __future__ import annotations

import numpy as np

from ctdc.simulate.draft import Cells, Draft
from ctdc.simulate.people import Bools, Ints, from_days
from ctdc.simulate.world import RECRUITERS

SIMULATED = "SIMULATED DATA. Invented by a computer; no row describes a real person."

GENDERS = ("Woman", "Man", "Trans/Transgender/NonConforming")  # order of people.WOMAN, MAN, TRANS
MAJORITY = ("Minor", "Adult")
AGE_BANDS = ("0--8", "09--17", "18--20", "21--23", "24--26", "27--29", "30--38", "39--47", "48+")
AGE_STARTS = (9, 18, 21, 24, 27, 30, 39, 48)
MONTH_BANDS = ("0--12 (0-1 yr)", "13--24 (1-2 yrs)", "25--60 (2-5 yrs)", "61+ (5+ yrs)")
MONTH_STARTS = (13, 25, 61)
EXCEL_EPOCH = 25_569  # serial number of 1970-01-01 in workbooks with the 1900 date system


def case_ids(serials: Ints, letter: str = "") -> Cells:
    """Case numbers that say what they are: SIM-000123."""
    return np.array([f"SIM-{letter}{serial:06d}" for serial in serials.tolist()], dtype=object)


def date_text(days: Ints, pattern: str) -> Cells:
    """Dates as text; `pattern` is a format string with the names year, month and day."""
    distinct, inverse = np.unique(days, return_inverse=True)
    year, month, day = from_days(distinct.astype(np.int32))
    texts = [
        pattern.format(year=y, month=m, day=d)
        for y, m, d in zip(year.tolist(), month.tolist(), day.tolist(), strict=True)
    ]
    return np.array(texts, dtype=object)[inverse]


def know_recruiters(draft: Draft, state: Ints, unknown: Bools) -> None:
    """Truth of the five recruiter variables where "unknown" is an answer that says nothing about the other four."""
    not_known = np.where((state == 0) & unknown, draft.blank_state("unknown"), state).astype(np.int32)
    for position, name in enumerate(RECRUITERS):
        draft.know_flag(f"recruiterRelation{name}", draft.people.recruiters[:, position], not_known)
    draft.know_flag("recruiterRelationUnknown", unknown, state)
