"""Certificates that must not pass: true ones altered, and true-looking ones of operators who broke the rules."""

import copy

import ledger_certificate
from ledger_entries import parse_entry
from ledger_format import Failed, NeedsNewer, base64_text, canonical, state_key, places, prove_state
from ledger_register import (
    DAY_MS,
    START_MS,
    Log,
    card,
    digest,
    key,
    mint_body,
    move_body,
    rotate_body,
    terms_body,
)
from ledger_rules import texts

PROVED, NEWER, REFUSED = "proved", "needs_newer", "refused"


def check_verdict(what, text, vkey, expected):
    try:
        ledger_certificate.verify(text.encode(), vkey)
        found = PROVED
    except NeedsNewer:
        found = NEWER
    except Failed:
        found = REFUSED
    if found != expected:
        raise AssertionError(f"{what}: {found}, not {expected}")


def text_of(certificate):
    return canonical(certificate) + "\n"


# --- Alterations of a true certificate ---


def parent_of(value, pointer):
    *parents, last = pointer.split("/")[1:]
    for name in parents:
        value = value[int(name) if isinstance(value, list) else name]
    return value, int(last) if isinstance(value, list) else last


def altered(certificate, edits):
    """Edits, one after the other: {"remove": pointer} or {"set": pointer, "value": value}."""
    certificate = copy.deepcopy(certificate)
    for edit in edits:
        parent, name = parent_of(certificate, edit.get("remove") or edit["set"])
        if "remove" in edit:
            del parent[name]
        else:
            parent[name] = edit["value"]
    return certificate


def alterations(log, before, ids):
    """Each: what is done to the certificate of the first edition of `hills`, and the verdict on it."""
    true = log.certificate(ids["hills"])
    edition = f"/records/{len(true['records']) - 2}"
    put = lambda pointer, value: {"set": pointer, "value": value}
    swap = lambda name, one, other: [put(f"/{name}/{one}", true[name][other]), put(f"/{name}/{other}", true[name][one])]
    yield "as it is", [], PROVED
    for n, proved in enumerate(true["entries"]):
        yield f"without the entry at index {proved['index']}", [{"remove": f"/entries/{n}"}], REFUSED
    for n, record in enumerate(true["records"]):
        yield f"without the record {record['key'].split('/')[0]} {n}", [{"remove": f"/records/{n}"}], REFUSED
        if "record" in record:
            yield f"record {n} said to be absent", [{"remove": f"/records/{n}/record"}], REFUSED
    for n in range(len(true["cards"])):
        yield f"card {n} withdrawn", [{"remove": f"/cards/{n}"}], PROVED
    yield "every card withdrawn", [put("/cards", [])], PROVED
    yield "two entries swapped", swap("entries", 1, 2), REFUSED
    yield "two records swapped", swap("records", 0, 1), REFUSED
    yield "two cards swapped", swap("cards", 0, 1), REFUSED
    yield "a card twice", [put("/cards", true["cards"][:1] * 2)], REFUSED
    yield "a card of nothing", [put("/cards", [card("nothing", {})])], REFUSED
    yield "a card with another salt", [put("/cards/0/salt", digest("salt"))], REFUSED
    yield "a card with another text", [put("/cards/0/text", "{}")], REFUSED
    yield "another edition", [put("/edition", 2)], REFUSED
    yield "edition 0", [put("/edition", 0)], REFUSED
    yield "another work", [put("/work", ids["claim"])], REFUSED
    yield "no work", [put("/work", digest("none"))], REFUSED
    yield "a checkpoint by another key", [put("/checkpoint", log.checkpoint("thief"))], REFUSED
    yield "an older checkpoint", [put("/checkpoint", before.checkpoint())], REFUSED
    yield "a proof with a hash more", [put("/entries/1/proof", true["entries"][1]["proof"] + [base64_text(bytes(32))])], REFUSED
    yield "a proof with a hash less", [{"remove": "/entries/1/proof/0"}], REFUSED
    yield "a leaf with a space more", [put("/entries/1/entry", true["entries"][1]["entry"] + " ")], REFUSED
    yield "another index", [put("/entries/1/index", 2), {"remove": "/entries/2"}], REFUSED
    yield "a record of another account", [put("/records/0", log.prove_record(f"account/{key('cy')}"))], REFUSED
    yield "a record left over", [put("/records", true["records"] + [log.prove_record(f"file/{digest('hills')}")])], REFUSED
    yield "the other edition's record", [put(edition, log.prove_record(f"edition/{ids['hills']}/2"))], REFUSED
    yield "the record of the state before", [put(edition, before.prove_record(f"edition/{ids['hills']}/1"))], REFUSED
    stolen = absence_by_another(log, f"edition/{ids['hills']}/1")
    yield "absence shown by another record", [put(edition, stolen)], REFUSED
    old = before.certificate(ids["hills"])
    entries = [log.prove(proved["index"]) for proved in old["entries"]]
    yield "an old seal and state under the new checkpoint", [put("/entries", entries), put("/records", old["records"])], REFUSED
    yield "an entry of another work", [put("/entries", with_entry(log, true, ids["claim"]))], REFUSED
    yield "an entry of another edition", [put("/entries", with_entry(log, true, ids["close"]))], REFUSED
    yield "a member more", [put("/color", "red")], NEWER
    yield "a later version", [put("/format", "colophon.certificate/v2")], NEWER
    genesis = true["entries"][0]["entry"]
    yield "another member in the genesis", [put("/entries/0/entry", genesis.replace('"nonce"', '"nonxe"'))], REFUSED
    yield "another version in the genesis", [put("/entries/0/entry", genesis.replace('"rules":1', '"rules":2'))], REFUSED
    yield "another format", [put("/format", "colophon.certificat/v1")], REFUSED


def absence_by_another(log, name):
    """The path of the record's own neighbour, offered as a proof that the record is absent."""
    standing = places(texts(log.records))
    own = state_key(name)
    other = max((one for one in standing if one[0] != own), key=lambda one: common_bits(one[0], own))
    path, _ = prove_state(standing, other[0])
    hidden = {"key": base64_text(other[0]), "value": base64_text(other[1])}
    return {"key": name, "other": hidden, "path": list(map(base64_text, path))}


def common_bits(one, other):
    return 256 - (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_length()


def with_entry(log, certificate, entry_id):
    index = next(n for n, leaf in enumerate(log.leaves) if parse_entry(leaf.encode()).id == entry_id)
    indices = {proved["index"] for proved in certificate["entries"]} | {index, index + 1}
    return [log.prove(one) for one in sorted(indices)]


# --- Registers whose operator broke the rules ---


def honest():
    log = Log("cheats")
    work = log.take(log.sign(mint_body("ana", "hills", digest("words")), "ana"))
    log.seal()
    return log, work


def sale(log, work, prev=None, **members):
    body = terms_body("transfer", "ana", "bo", work, prev or work, log.time_ms + DAY_MS, **members)
    return body, {"country": "FR", "holder": key("bo"), "transfers": 1}


def force(log, leaf, name=None, record=None):
    """Appends a leaf against the rules, with the record its operator would like."""
    entry = parse_entry(leaf.encode())
    if name is not None:
        record = record | {"newest": entry.id} | ({"since_ms": log.time_ms} if name.startswith("edition/") else {})
    log.take(leaf, {} if name is None else {name: record})
    return entry.id


def move_by_holder_alone(log, work):
    body, record = sale(log, work)
    force(log, log.sign(body, "ana"), f"edition/{work}/1", record)


def move_from_elsewhere(log, work):
    body, record = sale(log, work, from_country="DE")
    force(log, log.sign(body, "ana", "bo"), f"edition/{work}/1", record)


def move_by_rotated_key(log, work):
    log.take(log.sign(rotate_body("ana", key("ana"), ["ana 2"]), "ana", ("ana", "ana 2")))
    log.seal()
    move_by_holder_alone_and_bo(log, work)


def move_by_holder_alone_and_bo(log, work):
    body, record = sale(log, work)
    force(log, log.sign(body, "ana", "bo"), f"edition/{work}/1", record)


def move_by_one_key_twice(log, work):
    new = ["ana 2", "ana 3", "ana 4"]
    log.take(log.sign(rotate_body("ana", key("ana"), new, 2), "ana", *(("ana", name) for name in new)))
    log.seal()
    body, record = sale(log, work)
    force(log, log.sign(body, ("ana", "ana 2"), ("ana", "ana 2"), "bo"), f"edition/{work}/1", record)


def rotate_without_new_key(log, work):
    leaf = log.sign(rotate_body("ana", key("ana"), ["ana 2"]), "ana")
    record = {"keys": [key("ana 2")], "rotated": len(log.leaves), "threshold": 1}
    force(log, leaf, f"account/{key('ana')}", record)


def sell_twice(log, work):
    body, _ = sale(log, work)
    log.take(log.sign(body, "ana", "bo"))
    log.seal()
    body = terms_body("transfer", "ana", "cy", work, work, log.time_ms + DAY_MS)
    record = {"country": "FR", "holder": key("cy"), "transfers": 2}
    force(log, log.sign(body, "ana", "cy"), f"edition/{work}/1", record)


def make_offer(log, work, **members):
    return log.take(log.sign(terms_body("offer", "ana", "bo", work, work, log.time_ms + DAY_MS, **members), "ana"))


def accept_late(log, work):
    offer = make_offer(log, work)
    log.seal(days=2)
    leaf = log.sign(move_body("accept", "bo", work, offer), "bo")
    record = {"country": "FR", "holder": key("bo"), "transfers": 1}
    force(log, leaf, f"edition/{work}/1", record)
    log.seal()


def accept_void(log, work):
    offer = make_offer(log, work)
    log.take(log.sign(rotate_body("bo", key("bo"), ["bo 2"]), "bo", ("bo", "bo 2")))
    leaf = log.sign(move_body("accept", "bo", work, offer), ("bo", "bo 2"))
    force(log, leaf, f"edition/{work}/1", {"country": "FR", "holder": key("bo"), "transfers": 1})


def withdraw_firm(log, work):
    offer = make_offer(log, work, firm=True)
    leaf = log.sign(move_body("close", "ana", work, offer), "ana")
    force(log, leaf, f"edition/{work}/1", {"country": "CN", "holder": key("ana"), "transfers": 0})


def state_without_entry(log, work):
    record = {"country": "FR", "holder": key("thief"), "newest": work, "since_ms": log.time_ms, "transfers": 1}
    log.take(log.sign(mint_body("dee", "other", digest("words")), "dee"))
    log.records[f"edition/{work}/1"] = record


def keys_without_entry(log, work):
    log.take(log.sign(mint_body("dee", "other", digest("words")), "dee"))
    log.records[f"account/{key('ana')}"] = {"keys": [key("thief")], "newest": work, "threshold": 1}


def move_for_another_register(log, work):
    body, record = sale(log, work)
    force(log, Log("another").sign(body, "ana", "bo"), f"edition/{work}/1", record)


def honest_sale(log, work):
    body, _ = sale(log, work)
    log.take(log.sign(body, "ana", "bo"))


def move_on_later_grounds(log, work):
    """By rules to come, a `basis` that these call invalid."""
    body, _ = sale(log, work, basis="loan")
    log.leaves.append(log.sign(body, "ana", "bo"))


def old_operator_key(log, work):
    leaf = log.sign(rotate_body("operator", key("operator"), ["operator 2"]), "operator", ("operator", "operator 2"))
    log.take(leaf)


# What is done after an honest mint, and what the seal over it says wrongly.
CHEATS = [
    ("nothing wrong", honest_sale, {}, PROVED),
    ("title moved by the holder alone", move_by_holder_alone, {}, REFUSED),
    ("title moved from a country it was not in", move_from_elsewhere, {}, REFUSED),
    ("signed by a key rotated away", move_by_rotated_key, {}, REFUSED),
    ("one key twice where it takes two", move_by_one_key_twice, {}, REFUSED),
    ("a rotation that the new key did not sign", rotate_without_new_key, {}, REFUSED),
    ("sold twice", sell_twice, {}, REFUSED),
    ("accepted after the offer ran out", accept_late, None, REFUSED),
    ("accepted after a party changed its keys", accept_void, {}, REFUSED),
    ("a firm offer withdrawn", withdraw_firm, {}, REFUSED),
    ("a state that no entry leads to", state_without_entry, {}, REFUSED),
    ("keys that no entry leads to", keys_without_entry, {}, REFUSED),
    ("an entry for a register of the same name", move_for_another_register, {}, REFUSED),
    ("a seal by the operator's former key", old_operator_key, {}, REFUSED),
    ("a seal by no operator", honest_sale, {"by": "cy"}, REFUSED),
    ("time that runs back", honest_sale, {"time_ms": START_MS - 1}, REFUSED),
    ("a seal that counts an entry too many", honest_sale, {"count": 2}, REFUSED),
    ("batches that overlap", honest_sale, {"first": 2, "count": 3}, REFUSED),
    ("a height twice", honest_sale, {"height": 1}, REFUSED),
    ("a height passed over", honest_sale, {"height": 7}, REFUSED),
    ("a seal that follows another than the one before it", honest_sale, {"prev_seal": digest("seal")}, REFUSED),
    ("a second first batch", honest_sale, {"height": 0}, REFUSED),
    ("a later rules version", honest_sale, {"rules": 2}, NEWER),
    ("what only later rules allow", move_on_later_grounds, {"rules": 2}, NEWER),
    ("a log that does not end on a seal", honest_sale, None, REFUSED),
]


def cheats():
    for what, act, seal, expected in CHEATS:
        log, work = honest()
        act(log, work)
        if seal is not None:
            log.seal(**seal)
        yield what, text_of(log.certificate(work)), expected
    log = Log("cheats")
    work = log.take(log.sign(mint_body("operator", "hills", digest("words")), "operator"), operator_mint(log))
    log.seal()
    yield "a work of the operator's own", text_of(log.certificate(work)), REFUSED


def operator_mint(log):
    leaf = log.sign(mint_body("operator", "hills", digest("words")), "operator")
    work = parse_entry(leaf.encode()).id
    record = {"country": "CN", "editions": 2, "index": len(log.leaves), "maker": key("operator")}
    return {f"work/{work}": record | {"minted_ms": log.time_ms}}
