"""Cases that are coded on another machine: with the standard that they were made with, or not at all."""

import pyarrow as pa
import pytest

from ctdc.foundation.collaborative import current
from ctdc.foundation.errors import UserError
from ctdc.intake.mapping import load_mapping
from ctdc.intake.on_spark import Spread
from ctdc.intake.readers.frame import TableReceipt
from ctdc.standard import load
from ctdc.table.spark.session import tasks_of
from ctdc.table.spark.tasks import refusal_in, refusing
from ctdc.workflow.coders import CasesCoder
from ctdc.workflow.protect import schema_of_profile


def coder(standard: str) -> CasesCoder:
    profile = next(iter(load().profiles.values()))
    return CasesCoder(profile.id, schema_of_profile(profile), False, standard)


def no_cases() -> pa.Table:
    names = [name + end for name in load().variables for end in ("", ".missing")]
    return pa.table({name: pa.array([], pa.string()) for name in names})


def test_cases_are_coded_with_the_standard_of_the_driver_only() -> None:
    assert coder(load().content_hash).code(no_cases(), "cases", 1).rows == 0
    with pytest.raises(UserError, match="another standard"):
        coder("0" * 64).code(no_cases(), "cases", 1)


def test_a_delivery_is_harmonised_with_the_standard_of_the_driver_only() -> None:
    receipt = TableReceipt("cases", "cases.parquet", "", "parquet", 0, "", (), ())
    with pytest.raises(UserError, match="another standard"):
        Spread(load_mapping("sim-registo"), (), (), (), receipt, "", "", "0" * 64).work()


def test_what_a_task_refuses_is_found_in_what_spark_says() -> None:
    with pytest.raises(RuntimeError) as failed, refusing():
        coder("0" * 64).code(no_cases(), "cases", 1)
    found = refusal_in(f"Job aborted.\n Traceback: RuntimeError: {failed.value}\n\tat org.apache.spark (Some.java:1)")
    assert found is not None
    assert found.detail.code == "standard.other"
    assert refusal_in("Job aborted.") is None
    assert refusal_in(str(failed.value)[:60]) is None


def test_tasks_serve_the_collaborative_of_the_driver() -> None:
    folder = str(current().folder)
    assert tasks_of(current(), "local[2]") == folder
    assert tasks_of(current(), "yarn") == ("" if current().is_shipped else folder)
