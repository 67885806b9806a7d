"""Spark that somebody else has opened: used with our settings, never changed, never ended."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ctdc.foundation.collaborative import CHOSEN, current
from ctdc.foundation.errors import UserError
from ctdc.table.engine import SPARK, Engine
from ctdc.table.spark.session import ENCRYPTED, spark_session

pytestmark = pytest.mark.heavy
IGNORE = "spark.sql.files.ignoreCorruptFiles"
ENGINE = Engine(SPARK, "local[1]")


def opened(encrypted: str) -> Any:
    """A person's own session."""
    settings = {IGNORE: "true", ENCRYPTED: encrypted, "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1"}
    return pytest.importorskip("pyspark.sql").SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()


@pytest.fixture
def own() -> Iterator[Any]:
    session = opened("true")
    yield session
    session.stop()


def settings_of(engine: Engine) -> tuple[str, str]:
    with spark_session(engine) as session:
        return session.conf.get(IGNORE), session.conf.get("spark.sql.shuffle.partitions")


def test_an_open_session_is_neither_changed_nor_ended_in_any_thread(own: Any) -> None:
    engine = Engine(SPARK, "local[1]", {"spark.sql.shuffle.partitions": "3"})
    assert settings_of(engine) == ("false", "3")
    with ThreadPoolExecutor(1) as other:
        assert other.submit(settings_of, engine).result() == ("false", "3")
    assert own.conf.get(IGNORE) == "true"
    assert own.range(3).count() == 3, "it is still there"
    with (
        pytest.raises(UserError, match=r"spark.executor.memory=1g"),
        spark_session(Engine(SPARK, "local[1]", {"spark.executor.memory": "1g"})),
    ):
        pass


def test_an_open_session_without_encryption_is_refused() -> None:
    session = opened("false")
    try:
        with pytest.raises(UserError) as error, spark_session(ENGINE):
            pass
        assert error.value.detail.code == "spark.settings"
        assert ENCRYPTED in error.value.detail.what
        assert session.range(3).count() == 3
    finally:
        session.stop()


def test_a_session_of_our_own_tells_tasks_the_collaborative_and_is_ended() -> None:
    from pyspark import SparkContext

    with spark_session(ENGINE) as session:
        told = session.sparkContext.parallelize([0], 1).map(lambda _: os.environ.get(CHOSEN)).collect()
    assert told == [str(current().folder)]
    assert SparkContext._active_spark_context is None
