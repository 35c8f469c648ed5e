#!/usr/bin/env python3
"""A second implementation of Colophon's formats, written from docs/spec.md alone.

colophon_spec.py verify CERTIFICATE --vkey VKEY [--json]   exit 0 proved, 4 not proved,
                                                            1 cannot judge, 2 usage
colophon_spec.py judge EVIDENCE --vkey VKEY                exit 0 convicted, 4 not convicted,
                                                            1 cannot judge, 2 usage
colophon_spec.py cosigned CHECKPOINT --policy POLICY        exit 0 a quorum, 5 none, 4 not proved
colophon_spec.py vectors                                   writes the test vectors (JSON, and the page's last section)
colophon_spec.py check                                     exit 1 if the vectors there are not these
"""

import argparse
import datetime
import json
import pathlib
import sys

import ledger_certificate
import ledger_cosignatures
import ledger_evidence
import ledger_lies
import ledger_page
import ledger_vectors
from ledger_format import Failed, NeedsNewer, unvkey

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VECTORS = ROOT / "tests" / "testdata" / "vectors.json"
EVIDENCE = ROOT / "tests" / "testdata" / "evidence.json"
PAGE = ROOT / "docs" / "spec.md"
PROVED, CANNOT_JUDGE, DIFFERENT, USAGE, NOT_PROVED, SHORT = 0, 1, 1, 2, 4, 5


def judged(path, vkey, check, show):
    """Reads a file, checks it by the key, and shows what is proved."""
    try:
        data = pathlib.Path(path).read_bytes()
        vkey = vkey if "+" in vkey else pathlib.Path(vkey).read_text().strip()
        unvkey(vkey)
    except OSError as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return CANNOT_JUDGE
    except ValueError as error:
        print(f"not a verifier key: {error}", file=sys.stderr)
        return USAGE
    try:
        facts = check(data, vkey)
    except NeedsNewer as newer:
        print(f"cannot judge: needs newer software ({newer})", file=sys.stderr)
        return CANNOT_JUDGE
    except ledger_evidence.Undecided as undecided:
        print(f"cannot judge: {undecided}", file=sys.stderr)
        return CANNOT_JUDGE
    except Failed as failed:
        print(f"NOT PROVED: {failed}", file=sys.stderr)
        return NOT_PROVED
    print(show(facts))
    return PROVED


def verify(options):
    def show(facts):
        return json.dumps(facts, ensure_ascii=False, indent=2, sort_keys=True) if options.json else "\n".join(tell(facts))

    return judged(options.certificate, options.vkey, ledger_certificate.verify, show)


def judge(options):
    return judged(options.evidence, options.vkey, ledger_evidence.judge, lambda lie: f"CONVICTED: {lie}")


def cosigned(options):
    if ledger_cosignatures.MLDSA44PublicKey is None:
        print("cannot judge: needs version 47 or newer of the Python package cryptography", file=sys.stderr)
        return CANNOT_JUDGE
    checkpoint, policy = (pathlib.Path(path).read_text() for path in (options.checkpoint, options.policy))
    try:
        times, met = ledger_cosignatures.judge(checkpoint, policy)
    except (Failed, ValueError) as error:
        print(f"NOT PROVED: {error}", file=sys.stderr)
        return NOT_PROVED
    for name, time in times.items():
        print(f"cosigned  by {name}, {moment(1000 * time)}")
    return PROVED if met else SHORT


def moment(time_ms):
    try:
        time = datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(milliseconds=time_ms)
    except OverflowError:
        return f"{time_ms} ms after 1970"
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")


def titles(card):
    """The titles in a card, without characters that could play tricks on a terminal. No rule looks at them."""
    found = json.loads(card).get("titles")
    for title in found if isinstance(found, list) else []:
        if isinstance(title, dict) and isinstance(title.get("text"), str):
            yield "".join(letter if letter.isprintable() else "?" for letter in title["text"])


def tell(facts):
    yield f"work      {facts['work']}, edition {facts['edition']} of {facts['editions']}"
    for card in facts["cards"].values():
        for title in titles(card):
            yield f"title     {title}"
    yield f"maker     {facts['maker']}, registered {moment(facts['minted']['time_ms'])}"
    if facts["ack_first"]:
        yield f"BUT       this picture was registered before, by another account, as {facts['ack_first']}"
    for step in facts["steps"]:
        body = step["body"]
        where = f" to {body['to']}, {body['from_country']} to {body['to_country']}" if "to" in body else ""
        yield f"{body['kind']:9} {moment(step['time_ms'])}, index {step['index']}, by {body['by']}{where}"
    for paper in facts.get("papers", []):
        since = {"stands": "", "replaced": "; replaced since", "revoked": "; TAKEN BACK since"}[paper["standing"]]
        yield f"paper     {paper['body']['type']}, attested by {paper['body']['by']}{since}"
    for crossing in facts.get("crossings", []):
        yield f"rules     index {crossing['index']} checked against rule set {crossing['rules']}; not legal advice"
    yield f"held by   {facts['holder']} in {facts['country']}, title moved {facts['transfers']} times"
    if facts["offer"]:
        yield f"offered   to {facts['offer']['to']} until {moment(facts['offer']['expires_ms'])}"
    yield f"as of     checkpoint {facts['size']} of {facts['origin']}, operator's time {moment(facts['time_ms'])}"
    yield "state as the operator says; a lie shows only to those who replay"


def written():
    """What stands in each file that is made here."""
    vectors = ledger_vectors.everything()
    return {
        VECTORS: ledger_vectors.text(vectors),
        EVIDENCE: ledger_vectors.text(ledger_lies.vectors(vectors["register"]["vkey"])),
        PAGE: ledger_page.page(PAGE.read_text(), vectors),
    }


def vectors(_options):
    for file, text in written().items():
        file.write_text(text)
    return PROVED


def check(_options):
    different = [file.name for file, text in written().items() if not file.exists() or file.read_text() != text]
    print(f"DIFFERENT: {', '.join(different)}; run: colophon_spec.py vectors" if different else "vectors: the same")
    return DIFFERENT if different else PROVED


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("verify", help="verify a certificate offline")
    command.add_argument("certificate")
    command.add_argument("--vkey", required=True, help="the log's verifier key, or a file that holds it")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=verify)
    command = commands.add_parser("judge", help="judge evidence against a register offline")
    command.add_argument("evidence")
    command.add_argument("--vkey", required=True, help="the log's verifier key, or a file that holds it")
    command.set_defaults(run=judge)
    command = commands.add_parser("cosigned", help="say who cosigned a checkpoint, offline")
    command.add_argument("checkpoint")
    command.add_argument("--policy", required=True)
    command.set_defaults(run=cosigned)
    for run in (vectors, check):
        commands.add_parser(run.__name__).set_defaults(run=run)
    options = parser.parse_args(arguments)
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
