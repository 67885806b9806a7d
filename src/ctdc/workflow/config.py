"""What a run is to do: a closed, validated plan, from a TOML file or from the command line.

Promise: a plan is immutable and complete before any record is read, so that nothing in it can depend on the
records; a key that is not known is an error with a suggestion, never ignored; paths in a file are relative to
that file. TOML because every value has one reading (YAML 1.1 turns ``NO`` and ``12:30`` into other things)
and because Python reads it without a library.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError

from ctdc.foundation.collaborative import current
from ctdc.foundation.documents import BadDocument, parse_toml
from ctdc.foundation.errors import UserError

DEMO_CASES = 20_000
DEMO_SEED = 7
DEFAULT_PROFILE = current().profile
MAX_EPSILON = 100.0  # far beyond what protects anybody
MAX_DELTA = 1e-3
_NAME_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"


def _as_float(value: Any) -> Any:
    """TOML tells 4 from 4.0; a person does not. Text and truth values stay errors."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


Number = Annotated[float, BeforeValidator(_as_float)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Delivery(_Closed):
    """One contributor's file, or folder of files, and the mapping that reads it (a folder or a shipped id)."""

    source: Annotated[Path, Field(strict=False)]
    mapping: str


class SealedDelivery(_Closed):
    """Harmonised cases in the vault: whose they are, which delivery, and the name of their table there.

    table: needed only where a delivery has several tables of cases; manifest: hash that the delivery's manifest must
    have, where the plan is to hold for these very cases.
    """

    organisation: str
    delivery: str
    table: str = ""
    manifest: str = ""


class VaultPlace(_Closed):
    """The vault that sealed deliveries lie in, and what they are opened for, as the vault's access log will say.

    Where the vault's keys are is never in a plan, which people send to each other.
    """

    folder: Annotated[Path, Field(strict=False)]
    purpose: str = Field(min_length=1)


def _kind_of_delivery(value: Any) -> str:
    if isinstance(value, dict):
        return _SEALED if {"organisation", "delivery"} & set(value) else _FILE
    return _SEALED if isinstance(value, SealedDelivery) else _FILE


_FILE, _SEALED = "file", "sealed"
AnyDelivery = Annotated[
    Annotated[Delivery, Tag(_FILE)] | Annotated[SealedDelivery, Tag(_SEALED)], Discriminator(_kind_of_delivery)
]


class Privacy(_Closed):
    """The guarantee asked for. delta must be far below 1 / (number of people) and fixed before data are read.

    population names the people whose losses the ledger adds up; seed is for the synthesis after the noise only
    (the noise has none), and is recorded; workload is a file that says what is measured, in place of length. facts:
    whether cases are brought into agreement with what is true by definition, and records keep to it.
    """

    epsilon: Number = Field(gt=0, le=MAX_EPSILON)
    delta: Number = Field(default=1e-6, gt=0, lt=MAX_DELTA)
    length: int = Field(default=3, ge=1, le=4)
    threshold: int = Field(default=10, ge=0)
    aggregates: Literal["threshold", "all"] = "threshold"
    population: str = Field(default="", max_length=100)
    ledger: Annotated[Path | None, Field(strict=False)] = None
    seed: int | None = Field(default=None, ge=0)
    facts: bool = True
    workload: Annotated[Path | None, Field(strict=False)] = None


class Release(_Closed):
    """What is published: its name (start of the folder's name), its shape (a release profile), and words about it.

    titles: language to title; sources: contributors as they wish to be named; previous: the folder of the release
    before, for the changelog; simulated: nobody in it is real, which every page then says; audit, twin: files that the
    certificate takes over (`ctdc.release.certificate.evidence`).
    """

    name: str = Field(pattern=_NAME_PATTERN, max_length=60)
    profile: str = DEFAULT_PROFILE
    titles: dict[str, str] = Field(default_factory=dict)
    publisher: str = ""
    version: str = ""
    terms: str = ""
    sources: tuple[str, ...] = Field(default=(), strict=False)
    url: str = ""
    contact: str = ""
    previous: Annotated[Path | None, Field(strict=False)] = None
    simulated: bool = False
    audit: Annotated[Path | None, Field(strict=False)] = None
    twin: Annotated[Path | None, Field(strict=False)] = None


class Simulation(_Closed):
    """Invented deliveries in place of real ones: cases, seed, and share of dirty cells."""

    cases: int = Field(gt=0, le=5_000_000)
    seed: int = Field(default=DEMO_SEED, ge=0)
    dirt: Number = Field(default=0.0, ge=0, le=1)


class Plan(_Closed):
    """A whole run. Everything it makes goes below `out`; deliveries are given or simulated, not both.

    delivery: oldest first, files and what lies in the `vault` in any order;
    subject_key: file with the key of the pseudonyms; signing_key: file with the key that signs the certificate.
    """

    out: Annotated[Path, Field(strict=False)]
    delivery: tuple[AnyDelivery, ...] = Field(default=(), strict=False)
    vault: VaultPlace | None = None
    simulation: Simulation | None = None
    privacy: Privacy
    release: Release
    subject_key: Annotated[Path | None, Field(strict=False)] = None
    signing_key: Annotated[Path | None, Field(strict=False)] = None

    @property
    def sealed(self) -> tuple[SealedDelivery, ...]:
        """The deliveries that lie in the vault."""
        return tuple(one for one in self.delivery if isinstance(one, SealedDelivery))


def plan_from(document: dict[str, Any], base: Path, where: str) -> Plan:
    """Validate a parsed document. `base` is what its relative paths start from; `where` names it in errors.

    Raises UserError (``config.key`` for an unknown key, ``config.value`` for a bad or missing value,
    ``config.deliveries`` for none or both kinds of deliveries, ``config.vault`` for sealed ones without a vault or a
    vault without, ``config.length`` for a length beside a workload).
    """
    try:
        plan = Plan.model_validate(document)
    except ValidationError as error:
        raise _explain(error, where) from None
    if bool(plan.delivery) == (plan.simulation is not None):
        raise UserError(
            "config.deliveries",
            "The run has both real and simulated deliveries." if plan.delivery else "The run has no deliveries.",
            where=where,
            allowed="[[delivery]] with source and mapping, once per delivery; or [simulation] with cases",
            do="Simulated and real people never mix: keep one of the two.",
        )
    if bool(plan.sealed) != (plan.vault is not None):
        raise UserError(
            "config.vault",
            "The plan has deliveries in a vault, and does not say which vault."
            if plan.sealed
            else "The plan names a vault, and no delivery in it.",
            where=where,
            allowed="[vault] with folder and purpose, and [[delivery]] with organisation and delivery",
            do="See docs/how-to/run.md.",
        )
    if plan.privacy.workload is not None and "length" in plan.privacy.model_fields_set:
        raise UserError(
            "config.length",
            "The run has both a length and a workload, which has a length of its own.",
            where=where,
            do="Remove privacy.length or privacy.workload.",
        )
    return _resolve(plan, base)


def read_plan(path: Path) -> Plan:
    """The plan in a TOML file. Raises UserError as `plan_from`, and for what is not TOML (``config.toml``)."""
    try:
        document = parse_toml(path.read_bytes())
    except FileNotFoundError:
        raise UserError("config.missing", "The configuration file does not exist.", where=str(path)) from None
    except BadDocument as error:
        raise UserError(
            "config.toml", f"The configuration is not TOML: {error}.", where=str(path), do="See docs/how-to/run.md."
        ) from None
    return plan_from(document, path.parent, str(path))


def _resolve(plan: Plan, base: Path) -> Plan:
    """The same plan with every path absolute, so that it means the same wherever the run is started."""

    def absolute(path: Path | None) -> Path | None:
        return None if path is None else (base / path.expanduser()).resolve()

    def resolved(delivery: Delivery | SealedDelivery) -> Delivery | SealedDelivery:
        if isinstance(delivery, SealedDelivery):
            return delivery
        given = {"source": absolute(delivery.source), "mapping": _mapping(delivery.mapping, base)}
        return delivery.model_copy(update=given)

    vault = plan.vault and plan.vault.model_copy(update={"folder": absolute(plan.vault.folder)})
    return plan.model_copy(
        update={
            "out": absolute(plan.out),
            "delivery": tuple(map(resolved, plan.delivery)),
            "vault": vault,
            "privacy": plan.privacy.model_copy(
                update={"ledger": absolute(plan.privacy.ledger), "workload": absolute(plan.privacy.workload)}
            ),
            "release": plan.release.model_copy(
                update={name: absolute(getattr(plan.release, name)) for name in ("previous", "audit", "twin")}
            ),
            "subject_key": absolute(plan.subject_key),
            "signing_key": absolute(plan.signing_key),
        }
    )


def _mapping(mapping: str, base: Path) -> str:
    """A shipped mapping's id as it is; a folder as an absolute path."""
    folder = base / Path(mapping).expanduser()
    return str(folder.resolve()) if folder.is_dir() else mapping


def _explain(error: ValidationError, where: str) -> UserError:
    """The first fault of a document, in words of the document (``privacy.epsilon``), not of the validator."""
    # A misspelt key is two faults, one unknown and one missing; the unknown one is the one to hear about.
    fault = min(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    place = fault["loc"]
    kind = place[2] if len(place) > 2 and place[0] == "delivery" else ""  # of two kinds: no word of the document
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in place if part != kind or not kind)
    if fault["type"] == "extra_forbidden":
        known = _keys_at(place[:-1])
        close = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1)
        return UserError(
            "config.key",
            f"The key '{name}' is not known." + (f" Do you mean '{close[0]}'?" if close else ""),
            where=where,
            allowed=", ".join(known),
        )
    message = "is missing" if fault["type"] == "missing" else f"is not valid: {_lower(fault['msg'])}"
    given = fault.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float) else ""
    return UserError("config.value", f"'{name}' {message}{shown}.", where=where, do="See docs/how-to/run.md.")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


_SECTIONS: dict[str, type[_Closed]] = {
    "delivery": Delivery,
    "vault": VaultPlace,
    "simulation": Simulation,
    "privacy": Privacy,
    "release": Release,
}


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """The keys that are allowed in the section at `location`."""
    section = _SECTIONS[str(location[0])] if location else Plan
    if _SEALED in location:
        section = SealedDelivery
    return list(section.model_fields)
