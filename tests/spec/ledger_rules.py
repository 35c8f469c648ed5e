"""The rules of docs/spec.md: who must sign, what each kind changes, and what it is refused for."""

from dataclasses import dataclass

from ledger_entries import invalid, log_key, parse_entry, signers
from ledger_format import (
    Refused,
    canonical,
    is_strong,
    key_id,
    key_list_commitment,
    unmultikey,
    verify_strict,
)

RULES_VERSION = 1
EXPIRES_AHEAD_MS_MAX = 366 * 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Register:
    """What the genesis lays down."""

    origin: str
    genesis: str
    log_vkey: str
    operators: list


@dataclass(frozen=True)
class Place:
    """Where and when an entry is applied, and whether all records can be seen or those of one work alone."""

    register: Register
    index: int
    time_ms: int
    whole: bool


def read_genesis(leaf):
    entry = parse_entry(leaf)
    if entry.kind != "genesis":
        raise invalid("the log does not begin with a genesis")
    register = Register(entry.origin, entry.id, log_key(entry), entry.body["operators"])
    check_signatures(entry, {})
    return register, entry


def check_register(entry, register):
    if entry.origin != register.origin:
        raise Refused("wrong_origin", entry.origin)
    if (entry.genesis or entry.id) != register.genesis:
        raise Refused("wrong_genesis", entry.genesis or entry.id)


# --- Signatures ---


def key_set(records, account):
    """The keys that speak for an account, and how many it takes."""
    record = records.get(f"account/{account}")
    return (record["keys"], record["threshold"]) if record else ([account], 1)


def check_signatures(entry, records):
    def refuse(why):
        raise Refused("signature_set", why)

    places = [(name, number) for name, number, _ in entry.lines]
    if any(one >= other for one, other in zip(places, places[1:])):
        refuse("lines stand in strictly ascending order of name and key id")
    needed = signers(entry.body)
    signed = {account: [] for account in needed}
    new = entry.body["keys"] if entry.kind == "rotate" else []
    for name, number, signature in entry.lines:
        if name not in signed:
            refuse(f"{name} has no part in this entry")
        candidates = [key for key in key_set(records, name)[0] + new if key_id(name, unmultikey(key)) == number]
        candidates = [key for key in candidates if is_strong(unmultikey(key))]
        if not candidates:
            refuse(f"no key {number.hex()} speaks for {name}")
        good = [key for key in candidates if verify_strict(unmultikey(key), entry.text.encode(), signature)]
        if not good:
            raise Refused("signature_invalid", f"{name} {number.hex()}")
        signed[name].append(good[0])
    for account in needed:
        keys, threshold = key_set(records, account)
        old = [key for key in signed[account] if key in keys]
        if len(old) != threshold or not set(new) <= set(signed[account]):
            refuse(f"{account} needs {threshold} of its keys and every new one")


# --- What each kind changes ---


def apply(entry, place, records):
    """The records an entry writes, by name, or its refusal."""
    return APPLY[entry.kind](entry, entry.body, place, records)


def check_may_own(account, place):
    if account in place.register.operators:
        raise Refused("operator_cannot_own", account)


def check_account_prev(body, records):
    record = records.get(f"account/{body['by']}")
    if body["prev"] != (record["newest"] if record else body["by"]):
        raise Refused("prev_stale")
    return record or {}


def profile(entry, body, _place, records):
    before = check_account_prev(body, records)
    keys, threshold = key_set(records, body["by"])
    kept = {name: before[name] for name in ("next", "rotated") if name in before}
    return {f"account/{body['by']}": kept | {"keys": keys, "newest": entry.id, "threshold": threshold}}


def rotate(entry, body, place, records):
    before = check_account_prev(body, records)
    by, changes = body["by"], {}
    used = {f"key/{by}/{key_id(by, unmultikey(by)).hex()}"}
    for key in body["keys"]:
        name = f"key/{by}/{key_id(by, unmultikey(key)).hex()}"
        if name in used or name in records or not is_strong(unmultikey(key)):
            raise Refused("key_reused", key)
        used.add(name)
        changes[name] = {"index": place.index}
    if "next" in before and before["next"] != key_list_commitment(body["keys"]):
        raise Refused("next_mismatch")
    record = {"keys": body["keys"], "newest": entry.id, "rotated": place.index, "threshold": body["threshold"]}
    changes[f"account/{by}"] = record | ({"next": body["next"]} if "next" in body else {})
    return changes


def mint(entry, body, place, records):
    if f"work/{entry.id}" in records:
        raise Refused("repeated")
    changes = {}
    if place.whole:
        for source in body.get("derived_from", []):
            if f"work/{source}" not in records:
                raise Refused("work_unknown", source)
    check_may_own(body["by"], place)
    if place.whole:
        check_face(body, records)
        changes = claims(entry, body, records)
    changes[f"work/{entry.id}"] = {
        "country": body["country"],
        "editions": body["editions"],
        "index": place.index,
        "maker": body["by"],
    }
    return changes


def check_face(body, records):
    face, by, found = body["files"][0]["sha256"], body["by"], body.get("ack_first")
    first = records.get(f"file/{face}")
    if first is None:
        if found is not None:
            raise Refused("ack_first_wrong")
        return
    own = records[f"work/{first['work']}"]["maker"] == by
    if found is None and not own:
        raise Refused("ack_first_missing", first["work"])
    if found is not None and (own or found != first["work"]):
        raise Refused("ack_first_wrong")
    if (own and first["face"]) or f"face/{face}/{by}" in records:
        raise Refused("face_repeated")


def claims(entry, body, records):
    changes = {}
    for place, file in enumerate(body["files"]):
        name = f"file/{file['sha256']}"
        known = records.get(name)
        if known is None:
            changes[name] = {"count": 1, "face": place == 0, "work": entry.id}
            continue
        changes[name] = known | {"count": known["count"] + 1}
        changes[f"{name}/{known['count'] + 1}"] = {"work": entry.id}
        if place == 0:
            changes[f"face/{file['sha256']}/{body['by']}"] = {"work": entry.id}
    return changes


def current_edition(work, number, records):
    minted = records.get(f"work/{work}")
    if minted is None:
        raise Refused("work_unknown", work)
    if not 1 <= number <= minted["editions"]:
        raise Refused("edition_unknown", number)
    untouched = {"country": minted["country"], "holder": minted["maker"], "newest": work, "transfers": 0}
    return records.get(f"edition/{work}/{number}", untouched)


def follow(body, records):
    """The edition that an entry is about, if the entry follows its newest one."""
    edition = current_edition(body["work"], body["edition"], records)
    if body["prev"] != edition["newest"]:
        raise Refused("prev_stale")
    return edition


def is_void(edition, records):
    """Whether a party has rotated its keys since the offer."""
    offer = edition["offer"]
    parties = [records.get(f"account/{party}", {}) for party in (edition["holder"], offer["to"])]
    return any(party.get("rotated", -1) > offer["index"] for party in parties)


def standing_offer(edition, place, records):
    offer = edition.get("offer")
    stands = offer and not is_void(edition, records) and place.time_ms <= offer["expires_ms"]
    return offer if stands else None


def check_terms(body, place, records):
    edition = follow(body, records)
    check_may_own(body["to"], place)
    if body["by"] != edition["holder"]:
        raise Refused("not_holder")
    if body["to"] == body["by"]:
        raise Refused("same_holder")
    if body["from_country"] != edition["country"]:
        raise Refused("country_mismatch")
    if standing_offer(edition, place, records):
        raise Refused("offer_stands")
    if body["expires_ms"] < place.time_ms:
        raise Refused("expired")
    if body["expires_ms"] - place.time_ms > EXPIRES_AHEAD_MS_MAX:
        raise Refused("expires_too_late")
    return edition


def changed(body, edition, **members):
    rest = {name: value for name, value in edition.items() if name != "offer"}
    return {f"edition/{body['work']}/{body['edition']}": rest | members}


def moved(entry, edition, holder, country):
    transfers = edition["transfers"] + 1
    return changed(entry.body, edition, country=country, holder=holder, newest=entry.id, transfers=transfers)


def transfer(entry, body, place, records):
    return moved(entry, check_terms(body, place, records), body["to"], body["to_country"])


def offer(entry, body, place, records):
    edition = check_terms(body, place, records)
    made = {
        "expires_ms": body["expires_ms"],
        "firm": "firm" in body,
        "index": place.index,
        "to": body["to"],
        "to_country": body["to_country"],
    }
    return changed(body, edition, newest=entry.id, offer=made)


def accept(entry, body, place, records):
    edition = follow(body, records)
    made = edition.get("offer")
    if made is None:
        raise Refused("no_offer")
    if made["to"] != body["by"]:
        raise Refused("not_recipient")
    if is_void(edition, records):
        raise Refused("no_offer")
    if place.time_ms > made["expires_ms"]:
        raise Refused("expired")
    return moved(entry, edition, body["by"], made["to_country"])


def close(entry, body, place, records):
    edition = follow(body, records)
    stands = standing_offer(edition, place, records)
    if not (stands and stands["to"] == body["by"]):
        if body["by"] != edition["holder"]:
            raise Refused("not_holder")
        if stands and stands["firm"]:
            raise Refused("offer_firm")
    return changed(body, edition, newest=entry.id)


def not_submittable(entry, _body, _place, _records):
    raise Refused("not_submittable", entry.kind)


APPLY = {
    "genesis": not_submittable,
    "profile": profile,
    "rotate": rotate,
    "mint": mint,
    "transfer": transfer,
    "offer": offer,
    "accept": accept,
    "close": close,
    "seal": not_submittable,
}


def judge(leaf, place, records):
    """What a register would answer to this leaf at this place: the records it writes, or the refusal."""
    entry = parse_entry(leaf)
    check_register(entry, place.register)
    if entry.kind in ("genesis", "seal"):
        raise Refused("not_submittable", entry.kind)
    check_signatures(entry, records)
    return apply(entry, place, records)


def texts(records):
    """Records by name as canonical texts."""
    return {name: canonical(record) for name, record in records.items()}
