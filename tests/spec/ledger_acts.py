"""A register of the test vectors whose governors act: a new key for its log, rules to come, its end."""

import ledger_cheats as cheats
from ledger_entries import parse_entry
from ledger_format import Refused, leaf_hash, places, public_of, state_root, vkey
from ledger_register import ORIGIN, Log, act_body, digest, key, mint_body, rotate_body, seed
from ledger_rules import judge, texts

GOVERNOR_2 = (("governor", "governor 2"),)


def retired(log, prev, successor, *signed):
    log.take(log.sign(act_body("retire", prev, successor=successor), *signed))
    log.seal(1)


def new_key(name="log 2", origin=ORIGIN):
    return vkey(origin, public_of(seed(name)))


def everything():
    """What is recorded, what is refused on the way and at the end, and a certificate under the new key."""
    log = Log("acts")
    refused = [*refused_first(log)]
    work = log.take(log.sign(mint_body("ana", "hills", digest("words")), "ana"))
    log.seal()
    newest = log.register.genesis
    body = act_body("upgrade", newest, height=log.height + 1_000, rules=2)
    newest = log.take(log.sign(body, "governor"))
    log.seal(1)
    body = rotate_body("governor", key("governor"), ("governor 2",))
    log.take(log.sign(body, "governor", ("governor", "governor 2")))
    newest = log.take(log.sign(act_body("log_key", newest, log_vkey=new_key()), *GOVERNOR_2))
    log.log_key = "log 2"
    log.seal(1)
    certificate = log.certificate(work)
    refused += refused_midway(log, newest)
    successor = {"founding": digest("the successor's genesis"), "origin": "next.example/art"}
    retired(log, newest, successor, *GOVERNOR_2)
    refused += refused_last(log)
    altered = [*alterations(log, certificate)]
    return {
        "vkey": new_key(),
        "former_vkey": log.vkey,
        "leaves": [leaf_of(index, leaf) for index, leaf in enumerate(log.leaves)],
        "records": texts(dict(sorted(log.records.items()))),
        "state": state_root(places(texts(log.records))).hex(),
        "checkpoint": log.checkpoint(),
        "refused": refused,
        "certificate": {"text": cheats.text_of(certificate), "altered": altered},
    }


def leaf_of(index, leaf):
    entry = parse_entry(leaf.encode())
    facts = {"index": index, "kind": entry.kind, "id": entry.id, "leaf_hash": leaf_hash(leaf.encode()).hex()}
    return facts | {"entry": leaf}


def case(log, code, what, leaf):
    """A refusal, checked here before it is written. `size` is how many leaves were there."""
    try:
        judge(leaf.encode(), log.place(), log.records)
    except Refused as found:
        if found.code != code:
            raise AssertionError(f"{what}: {found}, not {code}") from None
        return {"code": code, "what": what, "entry": leaf, "size": len(log.leaves), "time_ms": log.time_ms}
    raise AssertionError(f"{what} is not refused")


def refused_first(log):
    genesis, far = log.register.genesis, log.height + 1_000

    def act(code, what, kind, names=("governor",), signed=None, prev=genesis, **members):
        return case(log, code, what, log.sign(act_body(kind, prev, names, **members), *(signed or names)))

    yield act("prev_stale", "an act that follows nothing", "upgrade", prev=digest("none"), height=far, rules=2)
    yield act("not_governor", "an act of a stranger", "retire", names=("ana",))
    yield act("not_governor", "a stranger beside the governor", "retire", names=("ana", "governor"))
    yield act("signature_set", "signed by another than it names", "retire", signed=("ana",))
    yield act("upgrade_too_near", "999 batches ahead", "upgrade", height=far - 1, rules=2)
    yield act("body_invalid", "the rules that are in force", "upgrade", height=far, rules=1)
    yield act("body_invalid", "from the genesis on", "upgrade", height=0, rules=2)
    yield act("body_invalid", "neither rules nor leaves", "upgrade")
    yield act("body_invalid", "a height without rules", "upgrade", height=far)
    yield act("body_invalid", "rules without a height", "upgrade", rules=2, void=[1])
    yield act("body_invalid", "no leaves", "upgrade", height=far, rules=2, void=[])
    yield act("body_invalid", "leaves out of order", "upgrade", void=[2, 1])
    yield act("body_invalid", "65 leaves", "upgrade", void=[*range(1, 66)])
    yield act("body_invalid", "the genesis", "upgrade", void=[0])
    yield act("void_unfit", "a seal", "upgrade", void=[1])
    yield act("void_unfit", "the upgrade itself", "upgrade", height=far, rules=2, void=[len(log.leaves)])
    yield act("log_key_unfit", "the key that the log has", "log_key", log_vkey=log.vkey)
    yield act("log_key_unfit", "a key of another name", "log_key", log_vkey=new_key(origin="other.example"))
    yield act("body_invalid", "no key", "log_key", log_vkey="registry.example/art")
    yield act("body_invalid", "a successor without a name", "retire", successor={"origin": "Next"} | {"founding": digest("x")})
    yield act("unknown_member", "a reason", "retire", reason="none")
    yield act("unknown_member", "voided leaves", "upgrade", height=far, rules=2, voids=[1])
    body = act_body("retire", genesis, ("ana", "governor"))
    listed = body | {"governors": body["governors"][::-1], "by": body["governors"][1]}
    yield case(log, "body_invalid", "governors out of order", log.sign(listed, "ana", "governor"))
    second = body | {"by": body["governors"][1]}
    yield case(log, "body_invalid", "by the second governor", log.sign(second, "ana", "governor"))


def refused_midway(log, newest):
    old = act_body("retire", newest)
    yield case(log, "signature_set", "a governor's former key", log.sign(old, "governor"))
    same = act_body("log_key", newest, log_vkey=new_key())
    yield case(log, "log_key_unfit", "the key that the log has now", log.sign(same, *GOVERNOR_2))
    first = act_body("retire", log.register.genesis)
    yield case(log, "prev_stale", "an act that follows the genesis", log.sign(first, *GOVERNOR_2))


def refused_last(log):
    again = act_body("retire", log.records["register"]["newest"])
    yield case(log, "retired", "retired again", log.sign(again, *GOVERNOR_2))
    yield case(log, "retired", "a mint", log.sign(mint_body("bo", "new", digest("words")), "bo"))
    yield case(log, "retired", "a mint recorded before", log.leaves[2])
    yield case(log, "retired", "a rotation", log.sign(rotate_body("bo", key("bo"), ["bo 2"]), "bo", ("bo", "bo 2")))


def alterations(log, true):
    """Each: what is done to the certificate under the new key, and the verdict by that key."""
    kinds = [parse_entry(proved["entry"].encode()).kind for proved in true["entries"]]
    cases = [("as it is", [], cheats.PROVED)]
    for n, kind in enumerate(kinds):
        cases.append((f"without the {kind} at index {true['entries'][n]['index']}", [{"remove": f"/entries/{n}"}], cheats.REFUSED))
    for n, record in enumerate(true["records"]):
        cases.append((f"without the record {record['key'].split('/')[0]} {n}", [{"remove": f"/records/{n}"}], cheats.REFUSED))
    for what, edits, expected in cases:
        cheats.check_verdict(what, cheats.text_of(cheats.altered(true, edits)), new_key(), expected)
        yield {"what": what, "edits": edits, "verdict": expected}
    cheats.check_verdict("by the former key", cheats.text_of(true), log.vkey, cheats.REFUSED)
