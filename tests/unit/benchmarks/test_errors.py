"""The fast measures equal a brute force that counts with dictionaries, on random small tables."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from benchmarks import errors

from ctdc.privacy.evaluation import marginals

NAMES = ("a", "b", "c", "d")
SIZES = (3, 4, 2, 5)


def random_table(seed: int, rows: int) -> pl.DataFrame:
    """Text columns, about a third of them empty, with rare and frequent values."""
    draw = np.random.default_rng(seed)
    columns = {}
    for name, size in zip(NAMES, SIZES, strict=True):
        shares = draw.dirichlet(np.full(size + 1, 0.5))
        values = [None, *(f"{name}{value}" for value in range(size))]
        columns[name] = [values[place] for place in draw.choice(size + 1, size=rows, p=shares)]
    return pl.DataFrame(columns, schema=dict.fromkeys(NAMES, pl.String))


def tables(frame: pl.DataFrame, chosen: tuple[str, ...]) -> Counter:
    return Counter(frame.select(chosen).iter_rows())


def brute_force(truth: pl.DataFrame, stated_of, order: int) -> dict:
    """Measures of the combinations; `stated_of(chosen)` gives the counts that a release states."""
    present, lost, lost_mass, made, made_mass, stated_mass, stated = [], 0, 0.0, 0, 0.0, 0.0, 0
    for chosen in combinations(NAMES, order):
        true = {key: count for key, count in tables(truth, chosen).items() if None not in key}
        guess = {key: count for key, count in stated_of(chosen).items() if None not in key and count > 0}
        present += [(count, guess.get(key, 0.0), key in guess) for key, count in true.items()]
        lost += sum(key not in guess for key in true)
        lost_mass += sum(count for key, count in true.items() if key not in guess)
        made += sum(key not in true for key in guess)
        made_mass += sum(count for key, count in guess.items() if key not in true)
        stated += len(guess)
        stated_mass += sum(guess.values())
    wrong = [abs(count - guess) for count, guess, _ in present]
    return {
        "combinations": len(present),
        "mae": np.mean(wrong),
        "relative": np.mean([error / count for error, (count, _, _) in zip(wrong, present, strict=True)]),
        "mae_stated": np.mean([abs(count - guess) for count, guess, is_stated in present if is_stated]),
        "lost": lost / len(present),
        "lost_mass": lost_mass / sum(count for count, _, _ in present),
        "stated": stated,
        "fabricated": made / stated,
        "fabricated_mass": made_mass / stated_mass,
        "present": present,
    }


def check(result: dict, expected: dict) -> None:
    for name in set(expected) - {"present"}:
        assert result[name] == pytest.approx(expected[name]), name
    for name, low, high in zip(errors.SIZE_NAMES, errors.SIZE_EDGES, [*errors.SIZE_EDGES[1:], np.inf], strict=True):
        inside = [(count, guess) for count, guess, _ in expected["present"] if low <= count < high]
        row = result["by_size"][name]
        assert row["combinations"] == len(inside)
        if inside:
            assert row["mae"] == pytest.approx(np.mean([abs(count - guess) for count, guess in inside]))
            assert row["relative"] == pytest.approx(np.mean([abs(c - g) / c for c, g in inside]))


def brute_distance(truth: pl.DataFrame, records: pl.DataFrame, chosen: tuple[str, ...]) -> float:
    true, made = tables(truth, chosen), tables(records, chosen)
    keys = set(true) | set(made)
    return 0.5 * sum(abs(true[key] / truth.height - made[key] / records.height) for key in keys)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("max_dense", [1 << 24, 0], ids=["all cells", "cells that occur"])
def test_records_equal_the_brute_force(order, max_dense, monkeypatch):
    monkeypatch.setattr(marginals, "MAX_DENSE_CELLS", max_dense)
    truth, records = random_table(1, 3000), random_table(2, 1700)
    result = errors.marginal_errors(truth, records, orders=(order,))[str(order)]
    check(result, brute_force(truth, lambda chosen: tables(records, chosen), order))
    distances = [brute_distance(truth, records, chosen) for chosen in combinations(NAMES, order)]
    assert result["tvd"] == pytest.approx(np.mean(distances))
    assert result["tvd_max"] == pytest.approx(max(distances))


def published_rows(source: pl.DataFrame, seed: int) -> list[dict]:
    draw = np.random.default_rng(seed)
    rows = []
    for order in (1, 2, 3):
        for chosen in combinations(NAMES, order):
            for key, count in tables(source, chosen).items():
                if None in key or draw.random() < 0.3:
                    continue
                noisy = count + draw.normal(0, 3)
                rows.append(
                    {
                        "attributes": json.dumps(dict(zip(chosen, key, strict=True))),
                        "count": noisy,
                        "low95": noisy - 6,
                        "high95": noisy + 6,
                        "below_threshold": noisy < 10,
                    }
                )
    return [{"attributes": "{}", "count": 3000.0, "low95": 0.0, "high95": 1.0, "below_threshold": False}, *rows]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_published_counts_equal_the_brute_force(order):
    truth = random_table(3, 3000)
    rows = published_rows(random_table(4, 3000), 5)
    stated: dict[tuple[str, ...], dict] = {}
    inside, intervals = 0, 0
    for row in rows:
        attributes = json.loads(row["attributes"])
        chosen, key = tuple(attributes), tuple(attributes.values())
        if not row["below_threshold"]:
            stated.setdefault(chosen, {})[key] = row["count"]
        if len(chosen) == order:
            inside += row["low95"] <= tables(truth, chosen)[key] <= row["high95"]
            intervals += 1
    result = errors.aggregate_errors(truth, pl.DataFrame(rows), orders=(order,))[str(order)]
    check(result, brute_force(truth, lambda chosen: stated.get(chosen, {}), order))
    assert result["coverage"] == pytest.approx(inside / intervals)
    assert "tvd" not in result


def test_equal_tables_have_no_error():
    table = random_table(6, 500)
    for measures in errors.marginal_errors(table, table.sample(fraction=1, shuffle=True), orders=(1, 2, 3, 4)).values():
        assert measures["tvd"] == measures["mae"] == measures["fabricated"] == measures["lost"] == 0


def test_a_sample_of_sets_is_seeded_and_bounded():
    assert errors.sets_of_order(12, 4, 20, seed=1) == errors.sets_of_order(12, 4, 20, seed=1)
    assert errors.sets_of_order(12, 4, 20, seed=1) != errors.sets_of_order(12, 4, 20, seed=2)
    assert len(set(errors.sets_of_order(12, 4, 20, seed=1))) == 20
    assert len(errors.sets_of_order(5, 4, 20)) == 5


def test_files_of_both_kinds_are_read_alike(tmp_path):
    table, other = random_table(7, 200), random_table(8, 200)
    table.write_csv(tmp_path / "t.csv")
    table.write_parquet(tmp_path / "t.parquet")
    assert errors.marginal_errors(tmp_path / "t.csv", other) == errors.marginal_errors(tmp_path / "t.parquet", other)
