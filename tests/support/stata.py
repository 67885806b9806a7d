"""Carries out the Stata program of a release, line by line, on numpy arrays: only the commands that it uses.

For tests only, where no Stata is at hand. What is not known here is an error, so a line can never be passed over.
"""

from __future__ import annotations

import re
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

NUMERIC = {"length", "count", "standard_error", "low95", "high95"}


class Program:
    """The state of a run: the variables, the scalars, and what the last summary found."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.scalars, self.results = folder, {}, {}
        self.data: dict[str, Any] = {}

    def run(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("*")]
        at = 0
        while at < len(lines):
            line = lines[at]
            if line.startswith("foreach"):
                end = lines.index("}", at)
                name, values = re.fullmatch(r"foreach (\w+) in (.*) \{", line).groups()  # type: ignore[union-attr]
                for value in values.split():
                    for inner in lines[at + 1 : end]:
                        self.line(inner.replace(f"`{name}'", value))
                at = end
            else:
                self.line(line)
            at += 1

    def line(self, line: str) -> None:
        if line.split(maxsplit=1)[0] in (
            "version",
            "args",
            "if",
            "clear",
            "set",
            "format",
            "list",
            "order",
            "sort",
            "export",
        ):
            return
        if line.startswith("import delimited"):
            frame = pl.read_csv(self.folder / "data/aggregates.csv", infer_schema=False)
            for name in frame.columns:
                own = frame[name].cast(pl.Float64) if name in NUMERIC else frame[name]
                self.data[name] = own.to_numpy().astype(float if name in NUMERIC else object)
        elif match := re.fullmatch(r"scalar (\w+) = (.*)", line):
            self.scalars[match[1]] = float(self.value(match[2]))
        elif match := re.fullmatch(r"summarize (\w+) if (.*), meanonly", line):
            chosen = self.data[match[1]][self.value(match[2]).astype(bool)]
            self.results["mean"] = float(chosen.mean()) if len(chosen) else np.nan
        elif match := re.fullmatch(r"keep if (.*)", line):
            chosen = self.value(match[1]).astype(bool)
            self.data = {name: own[chosen] for name, own in self.data.items()}
        elif line.startswith("keep "):
            self.data = {name: self.data[name] for name in line.split()[1:]}
        elif match := re.fullmatch(r"replace (\w+) = (.*?)(?: if (.*))?", line):
            self.replace(match[1], match[2], match[3])
        elif match := re.fullmatch(r"bysort (\w+): (?:generate|egen) double (\w+) = (.*)", line):
            self.within_each(match[1], match[2], match[3])
        elif match := re.fullmatch(r"generate (?:double |byte )?(\w+) = (.*)", line):
            if match[1] in self.data:
                raise ValueError(f"{match[1]} is there already")
            self.data[match[1]] = self.broad(self.value(match[2]))
        else:
            raise ValueError(f"not known: {line}")

    def replace(self, name: str, what: str, condition: str | None) -> None:
        chosen = self.broad(self.value(condition)).astype(bool) if condition else np.ones(self.rows, bool)
        own = self.data[name].copy()
        own[chosen] = self.broad(self.value(what))[chosen]
        self.data[name] = own

    def within_each(self, of: str, name: str, what: str) -> None:
        found = np.empty(self.rows)
        for value in set(self.data[of]):
            chosen = self.data[of] == value
            if match := re.fullmatch(r"(max|total)\((\w+)\)", what):
                own = self.data[match[2]][chosen]
                found[chosen] = own.max() if match[1] == "max" else own.sum()
            elif what == "_N + 1":
                found[chosen] = chosen.sum() + 1
            else:
                raise ValueError(f"not known: {what}")
        self.data[name] = found

    @property
    def rows(self) -> int:
        return len(next(iter(self.data.values())))

    def broad(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value
        return np.full(self.rows, value, dtype=object if isinstance(value, str) else float)

    def value(self, expression: str) -> Any:
        for sign in (" | ", " & "):
            if sign in expression:
                first, _, rest = expression.partition(sign)
                one, other = (self.broad(self.value(part)).astype(bool) for part in (first, rest))
                return one | other if sign == " | " else one & other
        text = re.sub(r"\bscalar\((\w+)\)", r"scalars['\1']", expression)
        text = re.sub(r"\br\((\w+)\)", r"results['\1']", text)
        text = "nan" if text == "." else text.replace("^", "**")
        text = re.sub(r"!missing\((\w+)\)", r"known(\1)", text)
        with np.errstate(invalid="ignore", divide="ignore"):
            return eval(text, {"__builtins__": {}}, {**FUNCTIONS, **self.data, **vars(self)})


def _each(function: Any) -> Any:
    def carried(first: Any, *others: Any) -> Any:
        rest = [other if isinstance(other, np.ndarray) else [other] * len(first) for other in others]
        return np.array([function(one, *more) for one, *more in zip(first, *rest, strict=True)], dtype=object)

    return carried


def _substr(text: str, start: float, length: float) -> str:
    return text[int(start) - 1 : int(start) - 1 + int(length)]


def _strlen(first: Any) -> Any:
    return np.array([len(text) for text in first], dtype=float)


FUNCTIONS = {
    "invnormal": NormalDist().inv_cdf,
    "char": chr,
    "nan": np.nan,
    "max": np.fmax,
    "min": np.fmin,
    "sqrt": np.sqrt,
    "known": lambda own: ~np.isnan(own),
    "lower": _each(str.lower),
    "strlen": _strlen,
    "strpos": lambda own, what: np.array([text.find(what) + 1 for text in own], dtype=float),
    "substr": _each(_substr),
    "subinstr": lambda own, what, by, _: np.array([text.replace(what, by) for text in own], dtype=object),
}


def carried_out(release: Path) -> pl.DataFrame:
    """What the program of a release would leave in its result."""
    program = Program(release)
    text = (release / "data/findings.do").read_text(encoding="utf-8")
    program.run(text.replace('subinstr(attributes, char(34), "", .)', 'subinstr(attributes, char(34), "", 0)'))
    return pl.DataFrame({name: own.tolist() for name, own in program.data.items()}, strict=False).fill_nan(None)
