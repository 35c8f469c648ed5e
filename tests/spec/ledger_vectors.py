"""The test vectors of docs/spec.md as JSON. Nothing in them is random: keys and salts come from their names."""

import json

import ledger_acts
import ledger_borders
import ledger_charges
import ledger_cheats as cheats
import ledger_mended
import ledger_story
import ledger_succession
from ledger_entries import entry_text, parse_entry, signers
from ledger_format import (
    CURVE_D,
    PRIME,
    Failed,
    Refused,
    base64_text,
    canonical,
    card_digest,
    check_card,
    check_state,
    decode_point,
    inclusion_proof,
    inclusion_root,
    is_strong,
    key_id,
    key_list_commitment,
    leaf_hash,
    places,
    price_commitment,
    price_preimage,
    prove_state,
    public_of,
    sha256,
    sign_note,
    state_key,
    state_root,
    tree_root,
    unbase64,
    unmultikey,
    vkey,
)
from ledger_register import ORIGIN, genesis_body, key, keys, seed
from ledger_rules import read_genesis, texts

NAMES = ["operator", "governor", "ana", "ana 2", "ana 3", "ana 4", "bo", "cy", "dee", "log"]


def text(vectors):
    return json.dumps(vectors, ensure_ascii=False, indent=1) + "\n"


def everything():
    log, before, ids = ledger_story.story()
    return {
        "about": "Made by tests/spec/colophon_spec.py vectors. The seed of each key is SHA-256 of "
        "'colophon.vectors/v1', a newline and the key's name.",
        "keys": [key_vector(name) for name in NAMES],
        "multikeys_refused": multikeys_refused(),
        "points_refused": points_refused(),
        "vkey": {"name": ORIGIN, "public": public_of(seed("log")).hex(), "vkey": log.vkey},
        "key_lists": [key_list_vector(names) for names in (["ana 4"], ["ana 2", "ana 3"])],
        "cards": [card_vector(card) for _, card in sorted(log.cards.items())],
        "cards_accepted": CARDS_ACCEPTED,
        "cards_refused": [*cards_refused()],
        "price": price_vector(log, ids),
        "trees": [tree_vector(size) for size in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 256, 257)],
        "inclusion": [inclusion_vector(index, size) for index, size in ((0, 1), (0, 3), (2, 3), (4, 5), (6, 7), (255, 257))],
        "state": state_vector(),
        "register": register_vector(log, ids),
        "genesis_refused": [*genesis_refused(log)],
        "refused": ledger_story.refused(log, ids),
        "certificate": certificate_vector(log, before, ids),
        "cheats": [*cheat_vectors(log.vkey)],
        "acts": ledger_acts.everything(),
        "borders": ledger_borders.everything(),
        "charges": ledger_charges.everything(),
        "mended": ledger_mended.everything(),
        "succession": ledger_succession.everything(),
    }


def key_vector(name):
    public = public_of(seed(name))
    return {
        "name": name,
        "seed": seed(name).hex(),
        "public": public.hex(),
        "multikey": key(name),
        "key_id": key_id(key(name), public).hex(),
    }


def multikeys_refused():
    good = key("ana")
    cases = ["", "z", good[:-1], good + "1", good[1:], good.replace("z6Mk", "z6Ml"), good[:-1] + "0", "Z" + good[1:]]
    for case in [*cases, "did:key:" + good, "z1" + good[1:-1], "z" + "z" * 47]:
        try:
            unmultikey(case)
        except ValueError:
            continue
        raise AssertionError(case)
    return cases


def points_refused():
    """Encodings of points that are of small order, in a second spelling, or on no curve."""
    low = [1, PRIME - 1, 0, 2**255, 2**255 + 1, 2**255 + PRIME - 1]
    spare = [y + PRIME for y in (0, 1, 3, 18)] + [2**255 - 1, 2**256 - 1]
    eighth = next(y for y in eighths())
    off = next(y for y in range(2, 100) if decode_point(y.to_bytes(32, "little")) is None)
    points = low + spare + [eighth, eighth + 2**255, PRIME - eighth, 2**255 + PRIME - eighth, off]
    encoded = [y.to_bytes(32, "little") for y in points]
    assert not any(map(is_strong, encoded))
    return [one.hex() for one in encoded]


def eighths():
    """y of the points of order 8: doubled, they have y = 0, which is x² = -y²."""
    # From -x² + y² = 1 + d·x²·y² with x² = -y²: d·y⁴ + 2·y² - 1 = 0.
    root = pow(CURVE_D + 1, (PRIME + 3) // 8, PRIME)
    for number in (root, root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME):
        for sign in (1, -1):
            square = (-1 + sign * number) * pow(CURVE_D, -1, PRIME) % PRIME
            y = pow(square, (PRIME + 3) // 8, PRIME)
            for candidate in (y, y * pow(2, (PRIME - 1) // 4, PRIME) % PRIME):
                point = decode_point(candidate.to_bytes(32, "little"))
                if point and not is_strong(candidate.to_bytes(32, "little")) and candidate > 1:
                    yield candidate


def key_list_vector(names):
    return {"keys": keys(*names), "canonical": canonical(keys(*names)), "commitment": key_list_commitment(keys(*names))}


def card_vector(card):
    return card | {"digest": card_digest(bytes.fromhex(card["salt"]), card["text"])}


CARDS_ACCEPTED = [
    "{}",
    ' {"about":null} ',
    '{"a":1,"a":2}',
    '{"a":1.5e3,"b":-0,"c":123456789012345678901234567890}',
    '{"a":"\\ud83c\\udfa8"}',
    '{"a":' * 126 + "{}" + "}" * 126,
    '{"a":"' + "é" * 4092 + '"}',
]


def cards_refused():
    cases = ["", "[]", "null", "7", '"a"', "{", "{}{}", "{'a':1}", '{"a":01}', '{"a":NaN}', '{"a":Infinity}', '{"a":1e999}']
    cases += ['{"a":"\\ud800"}', '{"a":"\n"}', "\ufeff{}", '{"a":' * 127 + "{}" + "}" * 127, '{"a":"' + "é" * 4092 + 'a"}']
    for case in CARDS_ACCEPTED:
        check_card(case)
    for case in cases:
        try:
            check_card(case)
        except ValueError:
            yield case
        else:
            raise AssertionError(case)


def price_vector(log, ids):
    entries = (parse_entry(leaf.encode()) for leaf in log.leaves)
    terms = next(entry.body for entry in entries if entry.id == ids["offer"])
    amount, currency, salt = (ledger_story.PRICE[name] for name in ("amount", "currency", "salt"))
    return ledger_story.PRICE | {
        "terms": canonical(terms),
        "preimage": price_preimage(terms, amount, currency),
        "commitment": price_commitment(terms, amount, currency, bytes.fromhex(salt)),
    }


def leaf(n):
    return leaf_hash(f"leaf {n}".encode())


def tree_vector(size):
    return {"size": size, "root": tree_root([leaf(n) for n in range(size)]).hex()}


def inclusion_vector(index, size):
    leaves = [leaf(n) for n in range(size)]
    proof = inclusion_proof(leaves, index)
    assert inclusion_root(leaf(index), index, size, proof) == tree_root(leaves)
    return {"index": index, "size": size, "proof": list(map(base64_text, proof)), "root": tree_root(leaves).hex()}


def state_vector():
    """Three records, presence of each, absence by another record and by an empty place, and proofs that lie."""
    records = {f"work/{n}": canonical({"n": n}) for n in "abc"}
    standing = places(records)
    root = state_root(standing)
    proofs = [state_proof(standing, root, name, record) for name, record in sorted(records.items())]
    others = [state_proof(standing, root, f"work/{n}") for n in range(64)]
    proofs += [next(one for one in others if "other" in one), next(one for one in others if "other" not in one)]
    present = proofs[0]
    lies = [
        ("presence of another text", present | {"record": "{}"}),
        ("presence without its path", present | {"path": present["path"][:-1]}),
        ("absence of what is there, by its own path", {name: present[name] for name in ("key", "path")}),
        ("absence of what is there, by itself", absent_by(present, records, present["key"])),
        ("absence of what is there, by a neighbour", absent_by(proofs[1], records, "work/b", key="work/a")),
        ("presence that names another", present | {"other": absent_by(proofs[1], records, "work/b")["other"]}),
        ("absence under a path too long", {"key": "work/a", "path": [base64_text(bytes(32))] * 257}),
    ]
    for what, lie in lies:
        try:
            check_proof(root, lie)
        except Failed:
            continue
        raise AssertionError(what)
    return {
        "records": [
            {"key": name, "record": record, "place": state_key(name).hex(), "value": sha256(record.encode()).hex()}
            for name, record in sorted(records.items())
        ],
        "root": root.hex(),
        "proofs": proofs,
        "lies": [{"what": what, "proof": lie} for what, lie in lies],
    }


def state_proof(standing, root, name, record=None):
    path, other = prove_state(standing, state_key(name))
    proof = {"key": name, "path": list(map(base64_text, path))}
    if other:
        proof["other"] = {"key": base64_text(other[0]), "value": base64_text(other[1])}
    if record:
        proof["record"] = record
    check_proof(root, proof)
    return proof


def check_proof(root, proof):
    other = proof.get("other")
    other = other and (unbase64(other["key"]), unbase64(other["value"]))
    value = sha256(proof["record"].encode()) if "record" in proof else None
    check_state(root, state_key(proof["key"]), value, list(map(unbase64, proof["path"])), other)


def absent_by(proof, records, name, **members):
    other = {"key": base64_text(state_key(name)), "value": base64_text(sha256(records[name].encode()))}
    return {"key": proof["key"], "path": proof["path"], "other": other} | members


def register_vector(log, ids):
    leaves = []
    for index, note in enumerate(log.leaves):
        entry = parse_entry(note.encode())
        facts = {"index": index, "kind": entry.kind, "id": entry.id, "leaf_hash": leaf_hash(note.encode()).hex()}
        leaves.append(facts | {"signers": signers(entry.body), "entry": note})
    return {
        "vkey": log.vkey,
        "genesis": log.register.genesis,
        "ids": ids,
        "leaves": leaves,
        "records": texts(dict(sorted(log.records.items()))),
        "state": state_root(places(texts(log.records))).hex(),
        "checkpoint": log.checkpoint(),
    }


def genesis_refused(log):
    """Geneses of one fault each, signed by their officers."""
    good, officers = genesis_body(log.vkey, "nonce"), ["operator", "governor"]
    number, public = sha256(ORIGIN.encode(), b"\n\x04", public_of(seed("log")))[:4], public_of(seed("log"))
    witness = "+".join([ORIGIN, number.hex(), base64_text(b"\x04" + public)])
    trap = "cosignature/v1"
    several = keys("operator", "ana")[::-1]
    for what, origin, body, names in [
        ("a log key of type 04", ORIGIN, good | {"log_vkey": witness}, officers),
        ("a log key of another name", ORIGIN + "s", good, officers),
        ("no log key", ORIGIN, good | {"log_vkey": "registry"}, officers),
        ("the first line of a cosigned text for an origin", trap, good | {"log_vkey": vkey(trap, public)}, officers),
        ("operators out of order", ORIGIN, good | {"by": several[0], "operators": several}, officers + ["ana"]),
        ("by another than the first operator", ORIGIN, good | {"by": key("governor")}, officers),
        ("a threshold above the number of governors", ORIGIN, good | {"governor_threshold": 2}, officers),
        ("a governor who has not signed", ORIGIN, good, officers[:1]),
        ("a stranger who has signed", ORIGIN, good, officers + ["ana"]),
        ("rules to come", ORIGIN, good | {"rules": 2}, officers),
    ]:
        leaf = sign_note(entry_text(origin, None, body), [(key(name), seed(name)) for name in names])
        try:
            read_genesis(leaf.encode())
        except Refused:
            yield {"what": what, "entry": leaf}
        else:
            raise AssertionError(what)


def certificate_vector(log, before, ids):
    true = log.certificate(ids["hills"])
    altered = []
    for what, edits, expected in cheats.alterations(log, before, ids):
        cheats.check_verdict(what, cheats.text_of(cheats.altered(true, edits)), log.vkey, expected)
        altered.append({"what": what, "edits": edits, "verdict": expected})
    return {"text": cheats.text_of(true), "altered": altered}


def cheat_vectors(log_vkey):
    for what, certificate, expected in cheats.cheats():
        cheats.check_verdict(what, certificate, log_vkey, expected)
        yield {"what": what, "certificate": certificate, "verdict": expected}
