"""Synthetic Data Showcase (pac-synth) on a table in which a cell may hold several values, as CTDC published it.

Options: ``use_synthetic_counts`` (bool); ``several`` (names of the columns of such cells) and ``between`` (what stands
between two values). The library makes each value of such a column a column of its own; here they are joined again.
Everything else is left at its defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pacsynth import (  # type: ignore[import-not-found]
    Dataset,
    DpAggregateSeededParametersBuilder,
    DpAggregateSeededSynthesizer,
)

from benchmarks.peer_scripts.contract import Job, load_job

YES = "1"


def synthesizer(job: Job) -> DpAggregateSeededSynthesizer:
    """The synthesizer, set up as the job says."""
    builder = DpAggregateSeededParametersBuilder()
    builder.reporting_length(job.length).epsilon(job.epsilon).delta(job.delta)
    builder.use_synthetic_counts(bool(job.options["use_synthetic_counts"]))
    return DpAggregateSeededSynthesizer(builder.build())


def joined(job: Job, header: Sequence[str], records: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Records with the job's columns, values of a cell in the order of their text."""
    place = {name: number for number, name in enumerate(header)}
    parts = {
        name: sorted(
            (column.removeprefix(f"{name}_"), at) for column, at in place.items() if column.startswith(f"{name}_")
        )
        for name in job.options["several"]
    }
    for record in records:
        yield [
            job.options["between"].join(code for code, at in parts[name] if record[at] == YES)
            if name in parts
            else (record[place[name]] if name in place else "")
            for name in job.names
        ]


def main() -> None:
    """Fit, sample, join."""
    job = load_job()
    job.versions("pac-synth")
    with job.phase("read"):
        several = dict.fromkeys(job.options["several"], job.options["between"])
        dataset = Dataset([job.names, *job.rows()], multi_value_columns=several)
    fitted = synthesizer(job)
    with job.phase("fit"):
        fitted.fit(dataset)
    with job.phase("sample"):
        header, *records = fitted.sample()
    with job.phase("write records"):
        job.write_synthetic(joined(job, header, records))


if __name__ == "__main__":
    main()
