"""Two registers of the test vectors: one that is retired, and the one that goes on with its works."""

import ledger_cheats as cheats
from ledger_acts import case, leaf_of, retired
from ledger_entries import entry_id, entry_text
from ledger_format import base64_text, leaf_hash, places, state_root, tree_root, vkey, public_of
from ledger_register import (
    DAY_MS,
    Log,
    digest,
    genesis_body,
    key,
    mint_body,
    move_body,
    profile_body,
    rotate_body,
    seed,
    terms_body,
)
from ledger_rules import texts

NEXT = "next.example/art"
ANA_2 = ("ana", "ana 2")
BANK_2 = ("bank", "bank 2")


def everything():
    """The retired register's last words, the successor's leaves, what it refuses, and a certificate of it."""
    old, work = predecessor()
    succeeds = {
        "genesis": old.register.genesis,
        "origin": old.origin,
        "root": tree_root([leaf_hash(leaf.encode()) for leaf in old.leaves]).hex(),
        "size": len(old.leaves),
        "state": state_root(places(texts(old.records))).hex(),
    }
    log = Log("next", NEXT, succeeds)
    refused = [*refused_first(log, old, work)]
    log.take(log.sign(account(old, "ana"), "dee"))
    log.take(log.sign(account(old, "bo"), "dee"))
    log.seal(1)
    refused += refused_then(log, old, work)
    log.take(log.sign(edition(old, work, 1, mint=True), "dee"))
    log.seal(1)
    refused.append(refuse(log, "party_not_carried", "under a lien, before its creditor", edition(old, work, 2)))
    log.take(log.sign(account(old, "bank"), "dee"))
    log.seal(1)
    refused += refused_later(log, old, work)
    newest = log.records[f"edition/{work}/1"]["newest"]
    body = terms_body("transfer", "bo", "cy", work, newest, log.time_ms + DAY_MS, from_country="FR")
    log.take(log.sign(body | {"to_country": "JP"}, "bo", "cy"))
    log.seal(1)
    first = log.certificate(work)
    log.take(log.sign(edition(old, work, 2), "dee"))
    lien = log.records[f"edition/{work}/2"]
    body = move_body("release", "bank", work, lien["newest"], 2) | {"of": lien["encumbrances"][0]["entry"]}
    refused.append(refuse(log, "signature_set", "the creditor's key of before", body, "bank"))
    log.take(log.sign(profile_body("ana", log.records[f"account/{key('ana')}"]["newest"], digest("ana")), ANA_2))
    log.seal(1)
    return {
        "vkey": log.vkey,
        "founding": founding(),
        "retired": leaf_of(len(old.leaves) - 2, old.leaves[-2]),
        "leaves": [leaf_of(index, leaf) for index, leaf in enumerate(log.leaves)],
        "records": texts(dict(sorted(log.records.items()))),
        "state": state_root(places(texts(log.records))).hex(),
        "checkpoint": log.checkpoint(),
        "refused": refused,
        "certificates": [*certificates(log, first, work)],
    }


def founding():
    """What the retired register can say of a genesis that will name its last checkpoint."""
    return entry_id(entry_text(NEXT, None, genesis_body(vkey(NEXT, public_of(seed("log"))), "next")))


def predecessor():
    """ana minted two editions, sold the first to bo, changed her keys and offered the second."""
    log = Log("ends")
    words = log.add_card("hills", {"titles": [{"lang": "en", "text": "Hills"}]})
    work = log.take(log.sign(mint_body("ana", "hills", words), "ana"))
    log.seal()
    log.take(log.sign(terms_body("transfer", "ana", "bo", work, work, log.time_ms + DAY_MS), "ana", "bo"))
    log.take(log.sign(rotate_body("ana", key("ana"), ["ana 2"]), "ana", ANA_2))
    log.seal(1)
    lien = move_body("lien", "ana", work, work, 2) | {"creditor": key("bank")}
    lien = log.take(log.sign(lien, ANA_2, "bank"))
    log.take(log.sign(terms_body("offer", "ana", "bo", work, lien, log.time_ms + 9 * DAY_MS, edition=2), ANA_2))
    log.take(log.sign(rotate_body("bank", key("bank"), ["bank 2"]), "bank", BANK_2))
    retired(log, log.register.genesis, {"founding": founding(), "origin": NEXT}, "governor")
    return log, work


def carried(old, name):
    """A record of the predecessor, or its absence, without its name; the record stands there as it is, not as text."""
    proof = old.prove_record(name)
    record = {"record": old.records[name]} if name in old.records else {}
    return {member: proof[member] for member in ("other", "path") if member in proof} | record


def account(old, name, by="dee"):
    proof = carried(old, f"account/{key(name)}")
    return {"account": key(name), "by": key(by), "kind": "carry_account", "proof": proof}


def edition(old, work, number, mint=False, by="dee"):
    body = {
        "by": key(by),
        "edition": number,
        "edition_proof": carried(old, f"edition/{work}/{number}"),
        "kind": "carry_edition",
        "work": work,
        "work_proof": carried(old, f"work/{work}"),
    }
    words = next(iter(old.cards))
    minted = {"body": mint_body("ana", "hills", words), "genesis": old.register.genesis, "origin": old.origin}
    return body | ({"mint": minted} if mint else {})


def refuse(log, code, what, body, *signed):
    return case(log, code, what, log.sign(body, *(signed or ("dee",))))


def refused_first(log, old, work):
    alone = Log("alone")
    body = account(old, "ana")
    yield refuse(log, "holder_not_carried", "an edition before its holder", edition(old, work, 1, mint=True))
    forged = body | {"proof": body["proof"] | {"record": body["proof"]["record"] | {"keys": [key("thief")]}}}
    yield refuse(log, "carry_unfit", "another's keys", forged)
    hidden = {name: value for name, value in body["proof"].items() if name != "record"}
    yield refuse(log, "carry_unfit", "keys said never to have changed", body | {"proof": hidden})
    yield refuse(log, "carry_unfit", "the operator's keys", account(old, "operator"))
    yield refuse(log, "carry_unfit", "the governor's keys", account(old, "governor"))
    long = body["proof"] | {"path": [base64_text(bytes(32))] * 257}
    yield refuse(log, "body_invalid", "a path too long", body | {"proof": long})
    named = body["proof"] | {"record": body["proof"]["record"] | {"name": "ana"}}
    yield refuse(log, "unknown_member", "a record with another member", body | {"proof": named})
    assert refuse(alone, "no_predecessor", "nothing to carry over", body)
    assert refuse(alone, "no_predecessor", "nothing to carry over", edition(old, work, 1, mint=True))


def refused_then(log, old, work):
    yield refuse(log, "carried_before", "an account again", account(old, "ana", by="cy"), "cy")
    good = edition(old, work, 1, mint=True)
    without = {name: value for name, value in good.items() if name != "mint"}
    yield refuse(log, "carry_unfit", "the work without its mint", without)
    other = good["mint"] | {"body": good["mint"]["body"] | {"by": key("thief")}}
    yield refuse(log, "carry_unfit", "another mint", good | {"mint": other})
    elsewhere = good["mint"] | {"genesis": digest("another")}
    yield refuse(log, "carry_unfit", "the mint of another register", good | {"mint": elsewhere})
    stood = good["edition_proof"]
    stolen = stood | {"record": stood["record"] | {"holder": key("thief")}}
    yield refuse(log, "carry_unfit", "another holder", good | {"edition_proof": stolen})
    untouched = {name: value for name, value in stood.items() if name != "record"}
    yield refuse(log, "carry_unfit", "said never to have been sold", good | {"edition_proof": untouched})
    minted = good["work_proof"]
    made = minted | {"record": minted["record"] | {"maker": key("thief")}}
    yield refuse(log, "carry_unfit", "another maker", good | {"work_proof": made})
    yield refuse(log, "edition_unknown", "edition 3 of 2", good | {"edition": 3})
    yield refuse(log, "body_invalid", "edition 0", good | {"edition": 0})


def refused_later(log, old, work):
    again = edition(old, work, 1, by="cy")
    yield refuse(log, "carried_before", "an edition again", again, "cy")
    yield refuse(log, "carry_unfit", "the mint again", edition(old, work, 2, mint=True))
    yield refuse(log, "edition_not_carried", "an edition that has not come", move_body("close", "ana", work, work, 2), ANA_2)
    yield refuse(log, "signature_set", "the key rotated away there", profile_body("ana", digest("x"), digest("ana")), "ana")
    yield refuse(log, "ack_first_missing", "its face in silence", mint_body("cy", "hills", digest("words")), "cy")


def certificates(log, first, work):
    """Of either edition, and altered, with the verdict on each."""
    second = log.certificate(work, 2)
    for what, true in (("the first edition", first), ("the second edition", second)):
        cases = [(what, [], cheats.PROVED)]
        for n, proved in enumerate(true["entries"]):
            cases.append((f"{what} without index {proved['index']}", [{"remove": f"/entries/{n}"}], cheats.REFUSED))
        for n in range(len(true["records"])):
            cases.append((f"{what} without record {n}", [{"remove": f"/records/{n}"}], cheats.REFUSED))
        altered = []
        for case_of, edits, expected in cases:
            cheats.check_verdict(case_of, cheats.text_of(cheats.altered(true, edits)), log.vkey, expected)
            altered.append({"what": case_of, "edits": edits, "verdict": expected})
        yield {"text": cheats.text_of(true), "altered": altered}
