"""``python -m tests.fuzz``: feed the readers files that nobody would write, and keep those that a reader cannot take.

A reader may refuse a file (`UserError`) and nothing else: no other exception, no death of the process, no waiting
without end. Each target runs in a process of its own, from seeds that are made here, led by coverage (atheris, which
is libFuzzer). Inputs that were too much for a reader are in ``OUT/crashes``, what each target said in ``OUT/logs``, and
what it learned in ``OUT/corpus``, from which the next run goes on.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path

import atheris

# Compiled by numba, which cannot read instrumented bytecode.
COMPILED = ["ctdc.privacy.kernels", "ctdc.table.count", "ctdc.table.tally"]
MORE_MEMORY = 2 << 30  # bytes of address space that a target may take beside what it has after importing
HANG_SECONDS = 120  # far beyond what any of these small files needs; libFuzzer calls what takes longer a finding
LONGEST = 20_000  # bytes of an input
BROKEN = "CTDC_FUZZ_BROKEN" in os.environ  # for the test that a campaign finds a broken reader

with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["ctdc", "yaml"], exclude=COMPILED):
    from tests.fuzz.targets import TARGETS, Target

    from ctdc.foundation.errors import UserError


def checked(error: UserError) -> None:
    """A refusal is a sentence that can be shown."""
    detail = error.detail
    if not (detail.code and detail.what and detail.what[-1] in ".?!)"):
        raise AssertionError(f"not a sentence: {detail.code}: {detail.what}")
    json.dumps(detail.as_dict(), ensure_ascii=False).encode()


def one_input(target: Target, folder: Path) -> Callable[[bytes], None]:
    """What is called for every input."""
    path = folder / target.file

    def run(data: bytes) -> None:
        path.write_bytes(target.wrap(data))
        try:
            target.read(path)
            if BROKEN and data:
                raise KeyError("a reader that was broken on purpose")
        except UserError as error:
            checked(error)

    return run


def options(name: str, asked: argparse.Namespace) -> list[str]:
    """The command line of libFuzzer."""
    crashes, corpus, words = (asked.out / kind for kind in ("crashes", f"corpus/{name}", f"words/{name}"))
    for folder in (crashes, corpus, words.parent):
        folder.mkdir(parents=True, exist_ok=True)
    words.write_text("".join(f'"{escaped(word)}"\n' for word in TARGETS[name].words))
    return [
        f"-runs={asked.runs // TARGETS[name].pace}" if asked.runs else f"-max_total_time={asked.seconds}",
        *([f"-dict={words}"] if TARGETS[name].words else []),  # an empty one is an error
        f"-seed={asked.seed}",
        f"-max_len={LONGEST}",
        f"-timeout={HANG_SECONDS}",
        f"-artifact_prefix={crashes / name}-",
        "-rss_limit_mb=4096",
        str(corpus),
    ]


def escaped(word: str) -> str:
    return "".join(chr(byte) if chr(byte).isalnum() else f"\\x{byte:02x}" for byte in word.encode())


def fuzz(name: str, asked: argparse.Namespace) -> None:
    """Fuzz one target; does not return."""
    log = asked.out / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    arguments = options(name, asked)
    for number, seed in enumerate(TARGETS[name].seeds()):
        Path(arguments[-1], f"seed-{number}").write_bytes(seed)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MORE_MEMORY, used + MORE_MEMORY))
    with tempfile.TemporaryDirectory(prefix="ctdc-fuzz-") as folder:
        atheris.Setup([sys.argv[0], *arguments], one_input(TARGETS[name], Path(folder)))
        atheris.Fuzz()


def main() -> int:
    """Fuzz the targets one after the other; 1 when a reader failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], default=[])
    parser.add_argument(
        "--runs", type=int, default=0, help="inputs of each target (fewer of slow ones), in place of --seconds"
    )
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    asked = parser.parse_args()
    asked.out = asked.out.absolute()
    os.environ["RUST_BACKTRACE"] = "0"  # panics in the children are many
    failed = []
    for name in asked.targets or TARGETS:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            fuzz(name, asked)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        failed += [name] if status else []
        print(f"{name}: {'done' if status == 0 else f'FAILED ({status}), see {asked.out}/logs/{name}.log'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
