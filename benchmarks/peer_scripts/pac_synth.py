"""Synthetic Data Showcase (pac-synth): counts of combinations with noise, then records sampled from them.

Options: ``use_synthetic_counts`` (bool). Everything else is left at the library's defaults, and the number of records
to sample too: then it uses up the counts that it published. Its domain is what occurs in the data; it takes no schema.
"""

from __future__ import annotations

from collections.abc import Iterator

from pacsynth import (  # type: ignore[import-not-found]
    Dataset,
    DpAggregateSeededParametersBuilder,
    DpAggregateSeededSynthesizer,
)

from benchmarks.peer_scripts.contract import Job, load_job

# Separators that no value of the data has: the library joins a combination into one text.
BETWEEN = "\x1f"
AFTER_NAME = ":"


def synthesizer(job: Job) -> DpAggregateSeededSynthesizer:
    """The synthesizer, set up as the job says."""
    builder = DpAggregateSeededParametersBuilder()
    builder.reporting_length(job.length).epsilon(job.epsilon).delta(job.delta)
    builder.use_synthetic_counts(bool(job.options["use_synthetic_counts"]))
    return DpAggregateSeededSynthesizer(builder.build())


def counts(fitted: DpAggregateSeededSynthesizer) -> Iterator[tuple[dict[str, str], float]]:
    """The published combinations as attributes and count."""
    for combination, count in fitted.get_dp_aggregates(BETWEEN).items():
        parts = ((name, code) for name, code in (part.split(AFTER_NAME, 1) for part in combination.split(BETWEEN)))
        yield dict(parts), count


def main() -> None:
    """Fit, publish the counts, sample."""
    job = load_job()
    job.versions("pac-synth")
    with job.phase("read"):
        dataset = Dataset([job.names, *job.rows()])
    fitted = synthesizer(job)
    with job.phase("fit"):
        fitted.fit(dataset)
    with job.phase("write aggregates"):
        job.write_aggregates(counts(fitted))
    job.note(dp_number_of_records=fitted.get_dp_number_of_records())
    with job.phase("sample"):
        header, *records = fitted.sample()
    with job.phase("write records"):
        job.write_synthetic(records, header)


main()
