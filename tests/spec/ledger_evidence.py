"""Evidence against a register: docs/spec.md, section 15. What a file convicts of, or why it convicts nobody."""

import re

import ledger_entries as shapes
from ledger_certificate import ANY_TEXT, HASHES, INDEX_MAX, PROVED_RECORD, base64_hash, check_version, ensure, whole
from ledger_entries import members, parse_entry
from ledger_format import (
    MAYBE_NEWER,
    Failed,
    NeedsNewer,
    Refused,
    bit,
    canonical,
    check_state,
    fork_node,
    inclusion_root,
    leaf_hash,
    node_hash,
    open_checkpoint,
    parse_json,
    record_node,
    sha256,
    split,
    state_key,
    tree_root,
    unbase64,
)
from ledger_rules import Place, apply, check_goes_on, check_register, check_signatures, named_void, read_genesis

EVIDENCE_BYTES_MAX = 128 * 1024 * 1024
BATCH_ENTRIES_MAX = 1_000


class Undecided(Exception):
    """Two checkpoints, and nothing that shows whether they fit; or an entry that an upgrade further on may have voided."""


def base64_bytes(value):
    try:
        unbase64(value)
    except (AttributeError, ValueError) as error:
        raise shapes.invalid(str(error)) from None


PROVED_LEAF = whole({"index": shapes.integer(0, INDEX_MAX), "leaf": base64_bytes, "proof": HASHES})
STATED = whole({"checkpoint": ANY_TEXT, "leaf": PROVED_LEAF})
CLAIMS = {
    "batch": whole(
        {
            "checkpoint": ANY_TEXT,
            "genesis": PROVED_LEAF,
            "leaves": shapes.items(PROVED_LEAF, 0, 1 << 20),
            "records": shapes.items(PROVED_RECORD, 0, 1 << 20),
        },
        {"before": PROVED_LEAF, "rest": shapes.items(PROVED_LEAF, 0, 1 << 20)},
    ),
    "checkpoints": whole({"genesis": ANY_TEXT, "newer": ANY_TEXT}, {"older": ANY_TEXT}),
    "entries": whole({"one": STATED, "other": STATED}),
    "fork": whole({"larger": ANY_TEXT, "proof": HASHES, "root": base64_hash, "smaller": ANY_TEXT}),
}


def read(data):
    """The claim's name and object, of one line of canonical JSON."""
    ensure(len(data) <= EVIDENCE_BYTES_MAX, "larger than evidence may be")
    value = parse_json(data.decode())
    version = str(isinstance(value, dict) and value.get("format")).removeprefix("colophon.evidence/v")
    if re.fullmatch("[2-9]|[1-9][0-9]{1,3}", version):
        raise NeedsNewer(f"evidence of version {version}")
    members({"claim": lambda _: None, "format": shapes.text("colophon\\.evidence/v1")})(value)
    ensure(isinstance(value["claim"], dict) and len(value["claim"]) == 1, "not one claim")
    ((name, claim),) = value["claim"].items()
    if name not in CLAIMS:
        raise NeedsNewer(f"a claim of the kind {name}")
    CLAIMS[name](claim)
    ensure((canonical(value) + "\n").encode() == data, "not byte for byte as evidence is written")
    return name, claim


def judge(data, vkey):
    """What the log of this key is convicted of, in words. Failed: of nothing. Undecided, NeedsNewer: cannot be said."""
    try:
        name, claim = read(data)
        return {"batch": batch, "checkpoints": checkpoints, "entries": entries, "fork": fork}[name](claim, vkey)
    except Refused as refused:
        if refused.code in MAYBE_NEWER:
            raise NeedsNewer(str(refused)) from None
        raise Failed(str(refused)) from None
    except (ValueError, RecursionError) as error:
        raise Failed(str(error)) from None


def hashes(proof):
    return [unbase64(node) for node in proof]


def checkpoints(claim, vkey):
    for name in ("older", "newer"):
        if name in claim:
            open_checkpoint(claim[name], vkey)
    raise Undecided("two checkpoints, and nothing that shows whether they fit")


# --- Fork ---


def consistency_roots(old, new, root, proof, complete=True):
    """Where a consistency proof leads: the roots of both trees, of which `root` is the older if it is a whole subtree."""
    if old == new:
        ensure(len(proof) == (0 if complete else 1), "another number of hashes than this proof has")
        return (root, root) if complete else (proof[0], proof[0])
    ensure(proof, "the proof is too short")
    middle, rest, beside = split(new), proof[:-1], proof[-1]
    if old <= middle:
        first, second = consistency_roots(old, middle, root, rest, complete)
        return first, node_hash(second, beside)
    first, second = consistency_roots(old - middle, new - middle, root, rest, False)
    return node_hash(beside, first), node_hash(beside, second)


def consistency_proof(leaves, old, complete=True):
    if old == len(leaves):
        return [] if complete else [tree_root(leaves)]
    middle = split(len(leaves))
    if old <= middle:
        return consistency_proof(leaves[:middle], old, complete) + [tree_root(leaves[middle:])]
    return consistency_proof(leaves[middle:], old - middle, False) + [tree_root(leaves[:middle])]


def fork(claim, vkey):
    (small, small_root), (large, large_root) = (open_checkpoint(claim[name], vkey) for name in ("smaller", "larger"))
    root, proof = unbase64(claim["root"]), hashes(claim["proof"])
    ensure(small <= large, "the smaller is the larger")
    if small == 0:
        ensure(not proof and root == tree_root([]), "a log of nothing has one root")
    else:
        found = consistency_roots(small, large, root, proof)
        ensure(found == (root, large_root), "the proof leads elsewhere")
    ensure(root != small_root, "the larger log begins with the smaller")
    return f"the log of {large} entries does not begin with the log of {small} entries; both are signed"


# --- Entries ---


def placed(leaf, size, root):
    """The bytes of a leaf that is shown to be in the log."""
    data, proof = unbase64(leaf["leaf"]), hashes(leaf["proof"])
    found = inclusion_root(leaf_hash(data), leaf["index"], size, proof) if len(proof) < 64 else None
    ensure(found == root, f"the entry at index {leaf['index']} is not shown to be in the log")
    return data


def peek_seal(data):
    """The body of a leaf that is a seal by its form."""
    try:
        entry = parse_entry(data)
    except (ValueError, Refused, RecursionError):
        return None
    return entry.body if entry.kind == "seal" else None


def entries(claim, vkey):
    one, other = claim["one"], claim["other"]
    first = placed(one["leaf"], *open_checkpoint(one["checkpoint"], vkey))
    second = placed(other["leaf"], *open_checkpoint(other["checkpoint"], vkey))
    places = one["leaf"]["index"], other["leaf"]["index"]
    if places[0] == places[1]:
        ensure(first != second, "both logs have the same entry there")
        return f"two different entries at index {places[0]} are signed"
    check_version(first)
    check_version(second)
    before, after = peek_seal(first), peek_seal(second)
    ensure(before and after and places[0] < places[1], "not two seals in order")
    follows = before["first"] + before["count"] < after["first"] and before["height"] < after["height"]
    ensure(not (follows and before["time_ms"] <= after["time_ms"]), "both seals may stand in one log")
    return f"the seals at index {places[0]} and {places[1]} contradict each other"


# --- Batch ---


class Shown(dict):
    """Records that are shown, by name; None for an absent one. Of any other nothing may be asked."""

    def __missing__(self, name):
        raise Failed(f"nothing is shown of the record {name}")

    def __contains__(self, name):
        return self[name] is not None

    def get(self, name, default=None):
        return default if self[name] is None else self[name]


def root_with(proofs, changes, depth=0):
    """The root of the subtree at `depth` through which the paths lead, with changed records (place to value)."""
    end = next((proof for proof in proofs if len(proof[1]) == depth), None)
    if end is not None:
        return subtree({**({end[2][0]: end[2][1]} if end[2] else {}), **changes}, depth)
    sides = []
    for side in (0, 1):
        here = [proof for proof in proofs if bit(proof[0], depth) == side]
        there = [proof for proof in proofs if bit(proof[0], depth) != side]
        changed = {place: value for place, value in changes.items() if bit(place, depth) == side}
        ensure(here or not changed, "nothing is shown of a record that changes")
        sides.append(root_with(here, changed, depth + 1) if here else there[0][1][-1 - depth])
    return fork_node(*sides)


def subtree(records, depth):
    if len(records) < 2:
        return next((record_node(place, value) for place, value in records.items()), bytes(32))
    halves = [{p: v for p, v in records.items() if bit(p, depth) == side} for side in (0, 1)]
    return fork_node(*(subtree(half, depth + 1) for half in halves))


class Convicted(Exception):
    """A batch is against the rules; `index` is that of the leaf, where it is a leaf that the rules refuse."""

    def __init__(self, why, index=None):
        super().__init__(why)
        self.index = index


def batch(claim, vkey):
    size, root = open_checkpoint(claim["checkpoint"], vkey)
    rest = claim.get("rest", [])
    given = ([claim["before"]] if "before" in claim else []) + [claim["genesis"]] + claim["leaves"] + rest
    for leaf in given:  # 1
        placed(leaf, size, root)
    first = claim["before"]["index"] + 1 if "before" in claim else 0
    leaves = [unbase64(leaf["leaf"]) for leaf in claim["leaves"]]
    indices = [leaf["index"] for leaf in claim["leaves"]]
    ensure(leaves and indices == list(range(first, first + len(leaves))), "its leaves are not in order")
    ensure(claim["genesis"]["index"] == 0, "its genesis is not at 0")
    if "rest" in claim:
        behind = indices[-1] + 1
        ensure([leaf["index"] for leaf in rest] == list(range(behind, size)), "what comes behind its batch is not all there")
    for leaf in given:  # 2
        check_version(unbase64(leaf["leaf"]))
    ensure(len(leaves) <= BATCH_ENTRIES_MAX + 1, "more leaves than a batch has")  # 3
    ensure(not any(map(peek_seal, leaves[:-1])), "more than one batch")
    is_whole = peek_seal(leaves[-1]) or len(leaves) == BATCH_ENTRIES_MAX + 1 or indices[-1] + 1 == size
    ensure(is_whole, "the end of the batch is left out")
    try:
        replay(claim, first, leaves)
    except Convicted as convicted:
        last, index = indices[-1], convicted.index
        if index is not None and 0 < index < last and last + 1 < size and "rest" not in claim:
            raise Undecided(f"{convicted}; it is not shown whether something behind its batch voids it") from None
        return f"the batch from index {first} on: {convicted}"
    raise Failed(f"the batch from index {first} on is as the rules have it")


def against_rules(index, run, *arguments):
    """Runs a step of the replay, whose refusals convict."""
    try:
        return run(*arguments)
    except Refused as refused:
        if refused.code in MAYBE_NEWER:
            raise
        raise Convicted(f"the entry at index {index}: {refused}", index) from None
    except (ValueError, RecursionError) as error:
        raise Convicted(f"the entry at index {index}: {error}", index) from None


def replay(claim, first, leaves):
    register, genesis = against_rules(0, read_genesis, unbase64(claim["genesis"]["leaf"]))  # 4
    before = {"height": -1, "time_ms": 0, "state": bytes(32).hex()}
    before_id = register.genesis
    if "before" in claim:  # 5
        entry = parse_entry(unbase64(claim["before"]["leaf"]))
        before, before_id = entry.body, entry.id
        ensure(entry.kind == "seal" and before["first"] + before["count"] == first - 1, "no seal before the batch")
        check_register(entry, register)
    records, proofs = known_records(claim, bytes.fromhex(before["state"]))
    last = first + len(leaves) - 1
    seal_entry = against_rules(last, parse_entry, leaves[-1])
    if seal_entry.kind != "seal":
        raise Convicted(f"no seal at index {last}")
    seal, changes = seal_entry.body, {}
    if first == 0:
        if len(leaves) != 2:
            raise Convicted("the first batch holds more than the genesis")
    else:
        moment = before["height"] + 1, max(seal["time_ms"], before["time_ms"])
        shown = claim["leaves"] + claim.get("rest", [])
        named = named_void([(leaf["index"], unbase64(leaf["leaf"])) for leaf in shown])
        changes = take_entries(register, first, leaves[:-1], moment, records, named)
    new = {state_key(name): sha256(canonical(record).encode()) for name, record in changes.items()}
    state = root_with(proofs, new) if new else bytes.fromhex(before["state"])
    expected = {
        "first": first,
        "count": len(leaves) - 1,
        "height": before["height"] + 1,
        "prev_seal": before_id,
        "time_ms": max(seal["time_ms"], before["time_ms"]),
        "state": state.hex(),
    }
    if expected["count"] == 0 or any(seal[name] != value for name, value in expected.items()):
        raise Convicted(f"the seal at index {last} says something else than its batch leads to")
    against_rules(last, check_register, seal_entry, register)
    if seal_entry.by not in register.operators:
        raise Convicted("a seal by no operator")
    against_rules(last, check_signatures, seal_entry, records)


def take_entries(register, first, leaves, moment, records, named=frozenset()):
    """What the entries of a batch write. Those that are refused and `named` are passed over."""
    changes, seen, owing = {}, set(), {index for index in named if index < first}
    for index, leaf in enumerate(leaves, first):
        place = Place(register, index, *moment, whole=True, owing=frozenset(owing))
        try:
            entry, written = take_entry(register, leaf, place, records, seen)
        except Convicted:
            if index not in named:
                raise
            owing.add(index)
            continue
        seen.add(entry.id)
        owing -= set(entry.body.get("void", []))
        changes |= written
        for name, record in written.items():
            records[name] = record
    return changes


def take_entry(register, leaf, place, records, seen):
    index = place.index
    entry = against_rules(index, parse_entry, leaf)
    against_rules(index, check_register, entry, register)
    if entry.kind in ("genesis", "seal") or entry.id in seen:
        raise Convicted(f"the entry at index {index} has no place in a batch, or stands in it twice", index)
    against_rules(index, check_signatures, entry, records)
    against_rules(index, check_goes_on, place, records)
    return entry, against_rules(index, apply, entry, place, records)


def known_records(claim, root):
    """The records before the batch, and (place, path, what stands at its end) of each."""
    names = [proved["key"] for proved in claim["records"]]
    ensure(all(one < other for one, other in zip(names, names[1:])), "records are not in ascending order")
    records, proofs = Shown(), []
    for proved in claim["records"]:
        text, other, path = proved.get("record"), proved.get("other"), hashes(proved["path"])
        place, value = state_key(proved["key"]), None if text is None else sha256(text.encode())
        other = other and (unbase64(other["key"]), unbase64(other["value"]))
        check_state(root, place, value, path, other)
        records[proved["key"]] = None if text is None else parse_json(text)
        proofs.append((place, path, (place, value) if value else other))
    return records, proofs
