#!/usr/bin/env python3
"""Changes single bytes of a true certificate, and requires the verifier to refuse every one.

tamper.py CERTIFICATE VKEY [COUNT]   exit 1 unless every altered certificate is refused with exit 4
"""

import contextlib
import io
import pathlib
import random
import sys
import tempfile

import colophon_spec

SEED = "colophon.tamper/v1"


def exit_code(path, vkey):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return colophon_spec.main(["verify", str(path), "--vkey", vkey])


def alterations(data, count):
    """Each with its name: bytes changed, bytes left out or put in, and the file cut short."""
    dice = random.Random(SEED)
    for _ in range(count):
        place, change = dice.randrange(len(data)), dice.randrange(1, 256)
        yield f"byte {place} changed by {change}", data[:place] + bytes([data[place] ^ change]) + data[place + 1 :]
    for _ in range(count // 10):
        place = dice.randrange(len(data))
        yield f"byte {place} left out", data[:place] + data[place + 1 :]
        yield f"byte {place} twice", data[:place] + data[place : place + 1] + data[place:]
        yield f"cut to {place} bytes", data[:place]


def hides_optional(data, altered):
    """Whether the name of an optional member became an unknown one, which only newer software could judge."""
    return any(altered.count(name) < data.count(name) for name in (b'"record"', b'"other"'))


def main(certificate, vkey, count="200"):
    data = pathlib.Path(certificate).read_bytes()
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "altered.json"
        for name, altered in alterations(data, int(count)):
            if altered == data:
                continue
            path.write_bytes(altered)
            code, wanted = exit_code(path, vkey), colophon_spec.NOT_PROVED
            if code != wanted and not (code == colophon_spec.CANNOT_JUDGE and hides_optional(data, altered)):
                print(f"{name}: exit {code}, not {wanted}")
                return 1
            passed += 1
    print(f"{passed} altered certificates, none of them passed")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
