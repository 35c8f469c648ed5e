#!/usr/bin/env python3
"""Makes tests/cli/trust.in anew: a policy, receipts that its witnesses cosigned, and evidence, by the second implementation.

Run it from the top of the project, then look at the differences before they are accepted.
"""

import pathlib
import sys

sys.path.insert(0, "tests/spec")

import ledger_lies
from ledger_cheats import honest, honest_sale
from ledger_entries import parse_entry
from ledger_format import base64_text, inclusion_proof, leaf_hash, public_of, sha256, sign_bytes
from ledger_register import seed

INTO = pathlib.Path("tests/cli/trust.in")
NOW = 1_795_428_000  # 2026-11-23T10:00:00Z, the time of the cases
MINUTE, HOUR = 60, 60 * 60


def witness_key(name):
    """Name and key id of a witness, of type 04."""
    full = f"{name}.example/witness"
    return full, sha256(full.encode(), b"\n\x04", public_of(seed(name)))[:4]


def witness_line(name):
    full, number = witness_key(name)
    return f"witness {name} {full}+{number.hex()}+{base64_text(bytes([4]) + public_of(seed(name)))}\n"


def cosigned(checkpoint, times):
    """A checkpoint with a cosignature by each witness at its time."""
    text = checkpoint[: checkpoint.rindex("\n\n") + 1]
    for name, time in times.items():
        full, number = witness_key(name)
        signature = sign_bytes(seed(name), f"cosignature/v1\ntime {time}\n{text}".encode())
        checkpoint += f"— {full} {base64_text(number + time.to_bytes(8, 'big') + signature)}\n"
    return checkpoint


def receipt(log, index, times, leaf=None):
    proof = inclusion_proof([leaf_hash(one.encode()) for one in log.leaves], index)
    extra = base64_text((leaf or log.leaves[index]).encode())
    head = ["c2sp.org/tlog-proof@v1", f"extra {extra}", f"index {index}", *map(base64_text, proof)]
    return "\n".join(head) + "\n\n" + cosigned(log.checkpoint(), times)


def main():
    log, work = honest()
    honest_sale(log, work)
    log.seal()
    index = next(n for n, leaf in enumerate(log.leaves) if parse_entry(leaf.encode()).kind == "transfer")
    both = {"one": NOW - 2 * HOUR, "mirror": NOW - 5 * MINUTE}
    long, short = ledger_lies.parted()
    true, _ = honest()
    policy = (
        "# Two witnesses, one of which must have cosigned, and one of two that replay the state.\n"
        + f"log {log.vkey}\n"
        + "".join(map(witness_line, ("one", "two", "mirror", "other")))
        + "group public any one two\ngroup replayed any mirror other\ngroup everyone all public replayed\nquorum everyone\n"
    )
    files = {
        "policy.txt": policy,
        "broken-policy.txt": policy.replace("quorum everyone", "quorum nobody"),
        "log.vkey": log.vkey + "\n",
        "sale.receipt": receipt(log, index, both),
        "short.receipt": receipt(log, index, {"one": NOW - 2 * HOUR}),
        "ahead.receipt": receipt(log, index, both | {"mirror": NOW + 3 * HOUR}),
        "bare.receipt": receipt(log, index, both).replace(
            f"extra {base64_text(log.leaves[index].encode())}\n", ""
        ),
        "forged.receipt": receipt(log, index, both, log.leaves[index - 2]),
        "fork.json": ledger_lies.fork(short, long),
        "not-a-fork.json": ledger_lies.fork(true, long),
        "wrong-state.json": ledger_lies.text_of(batch=ledger_lies.batch(wrong_state())),
        "undecided.json": ledger_lies.text_of(
            checkpoints={"genesis": long.leaves[0], "newer": long.checkpoint(), "older": short.checkpoint()}
        ),
    }
    INTO.mkdir(exist_ok=True)
    for name, text in files.items():
        (INTO / name).write_text(text)


def wrong_state():
    log, work = honest()
    honest_sale(log, work)
    log.seal(state=bytes(32).hex())
    return log


if __name__ == "__main__":
    main()
