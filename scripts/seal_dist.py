"""Lists what is released with its hashes, and signs the list: ``python -m scripts.seal_dist DIST [KEY]`` ('make dist').

Promise: ``SHA256SUMS`` names every file beside it, in the form that sha256sum reads; ``SHA256SUMS.sig`` is the plain
Ed25519 signature of its bytes, which openssl checks without us. Without a key there is no signature, and a signature of
another list is taken away.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ctdc.foundation.files import write_bytes, write_text
from ctdc.foundation.hashing import hash_file
from ctdc.release.certificate.keys import read_signing_key

SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"


def seal(folder: Path, key: Path | None) -> str:
    """Write the list and its signature into `folder`. Returns what was done, in a sentence. Raises UserError."""
    signing = None if key is None else read_signing_key(key, folder)
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name not in (SUMS, SIGNATURE))
    (folder / SIGNATURE).unlink(missing_ok=True)
    write_text(folder / SUMS, "".join(f"{hash_file(folder / name)}  {name}\n" for name in names))
    if signing is None:
        return f"{len(names)} files are listed in {folder / SUMS}. Nobody has signed it: make dist SIGNING_KEY=FILE"
    write_bytes(folder / SIGNATURE, signing.sign((folder / SUMS).read_bytes()))
    return f"{len(names)} files are listed in {folder / SUMS}, signed with the key {signing.public.id}."


if __name__ == "__main__":
    print(seal(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None))
