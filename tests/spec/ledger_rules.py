"""The rules of docs/spec.md: who must sign, what each kind changes, and what it is refused for."""

from dataclasses import dataclass

import ledger_burdens as burdens
import ledger_crossing as corridor
from ledger_entries import entry_id, entry_text, invalid, log_key, parse_entry, signers
from ledger_format import (
    Failed,
    Refused,
    canonical,
    check_state,
    is_strong,
    key_id,
    key_list_commitment,
    sha256,
    state_key,
    unbase64,
    unmultikey,
    unvkey,
    verify_strict,
)

RULES_VERSION = 1
AMENDS_MAX = 64
UPGRADE_AHEAD_MIN = 1_000
EXPIRES_AHEAD_MS_MAX = 366 * 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Register:
    """What the genesis lays down."""

    origin: str
    genesis: str
    log_vkey: str
    operators: list
    governors: list
    threshold: int
    succeeds: dict | None


@dataclass(frozen=True)
class Place:
    """Where and when an entry is applied, and whether all records can be seen or those of one work alone."""

    register: Register
    index: int
    height: int
    time_ms: int
    whole: bool
    owing: frozenset = frozenset()  # the leaves before that were refused, and that nothing has voided


def read_genesis(leaf):
    entry = parse_entry(leaf)
    if entry.kind != "genesis":
        raise invalid("the log does not begin with a genesis")
    governors, threshold = entry.body["governors"], entry.body["governor_threshold"]
    succeeds = entry.body.get("succeeds")
    if succeeds and succeeds["origin"] == entry.origin:
        raise invalid("a register does not succeed one of its own name")
    operators = entry.body["operators"]
    register = Register(entry.origin, entry.id, log_key(entry), operators, governors, threshold, succeeds)
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
    kept = {name: before[name] for name in ("carried", "next", "rotated") if name in before}
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
    record |= {"carried": True} if "carried" in before else {}
    changes[f"account/{by}"] = record | ({"next": body["next"]} if "next" in body else {})
    return changes


def mint(entry, body, place, records):
    if f"work/{entry.id}" in records:
        raise Refused("repeated")
    changes = {}
    if place.whole:
        for named in body.get("derived_from", []) + body.get("ack_similar", []):
            if f"work/{named}" not in records:
                raise Refused("work_unknown", named)
    check_may_own(body["by"], place)
    if place.whole:
        check_face(body, records)
        changes = claims(entry.id, body, records)
    stated = {name: body[name] for name in ("facts", "made_in") if name in body}
    changes[f"work/{entry.id}"] = stated | {
        "country": body["country"],
        "created": body["created"],
        "editions": body["editions"],
        "index": place.index,
        "maker": body["by"],
        "minted_ms": place.time_ms,
        "source_type": body["source_type"],
    }
    return changes


def amend(entry, body, place, records):
    name = f"work/{body['work']}"
    if name not in records:
        raise Refused("work_unknown", body["work"])
    before = records[name]
    amended = before.get("amended", {"count": 0, "newest": body["work"]})
    if body["prev"] != amended["newest"]:
        raise Refused("prev_stale")
    if body["by"] != before["maker"]:
        raise Refused("not_maker", before["maker"])
    if amended["count"] == AMENDS_MAX:
        raise Refused("amended_too_often")
    stated = {member: body[member] for member in ("created", "facts", "made_in", "source_type") if member in body}
    return {name: before | stated | {"amended": {"count": amended["count"] + 1, "newest": entry.id}}}


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


def claims(work, body, records):
    changes = {}
    for place, file in enumerate(body["files"]):
        name = f"file/{file['sha256']}"
        known = records.get(name)
        if known is None:
            changes[name] = {"count": 1, "face": place == 0, "work": work}
            continue
        changes[name] = known | {"count": known["count"] + 1}
        changes[f"{name}/{known['count'] + 1}"] = {"work": work}
        if place == 0:
            changes[f"face/{file['sha256']}/{body['by']}"] = {"work": work}
    return changes


def current_edition(work, number, records):
    minted = records.get(f"work/{work}")
    if minted is None:
        raise Refused("work_unknown", work)
    if not 1 <= number <= minted["editions"]:
        raise Refused("edition_unknown", number)
    if "carried" in minted and f"edition/{work}/{number}" not in records:
        raise Refused("edition_not_carried", number)
    return records.get(f"edition/{work}/{number}", untouched(work, minted))


def untouched(work, minted):
    held = {"holder": minted["maker"], "since_ms": minted["minted_ms"]}
    return held | {"country": minted["country"], "newest": work, "transfers": 0}


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
    if body["kind"] == "transfer":
        burdens.check_free(current_edition(body["work"], body["edition"], records))
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


def crossed(entry, edition, terms, place, records, **title):
    """The edition goes elsewhere on these terms, if the rules of the corridor let it."""
    work, number = entry.body["work"], entry.body["edition"]
    judged, said = corridor.cross(terms, work, edition, number, place, records)
    return said | changed(entry.body, edition, **title, **judged, country=terms["to_country"], newest=entry.id)


def moved(entry, edition, terms, place, records):
    """Title moves, too."""
    title = {"holder": terms["to"], "since_ms": place.time_ms, "transfers": edition["transfers"] + 1}
    return crossed(entry, edition, terms, place, records, **title)


def transfer(entry, body, place, records):
    return moved(entry, check_terms(body, place, records), body, place, records)


def offer(entry, body, place, records):
    edition = check_terms(body, place, records)
    made = {name: body[name] for name in ("price", "professional", "value") if name in body} | {
        "basis": body["basis"],
        "delivery": body["delivery"],
        "expires_ms": body["expires_ms"],
        "firm": "firm" in body,
        "index": place.index,
        "to": body["to"],
        "to_country": body["to_country"],
    }
    return changed(body, edition, newest=entry.id, offer=made)


def accept(entry, body, place, records):
    burdens.check_free(current_edition(body["work"], body["edition"], records))
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
    return moved(entry, edition, made, place, records)


def close(entry, body, place, records):
    edition = follow(body, records)
    stands = standing_offer(edition, place, records)
    if not (stands and stands["to"] == body["by"]):
        if body["by"] != edition["holder"]:
            raise Refused("not_holder")
        if stands and stands["firm"]:
            raise Refused("offer_firm")
    return changed(body, edition, newest=entry.id)


# --- What a retired register leaves to its successor ---


def carried(proof, name, place):
    """The record that the predecessor had under a name, or nothing."""
    succeeds = place.register.succeeds
    if succeeds is None:
        raise Refused("no_predecessor")
    record, other = proof.get("record"), proof.get("other")
    value = None if record is None else sha256(canonical(record).encode())
    other = other and (unbase64(other["key"]), unbase64(other["value"]))
    try:
        path = [unbase64(node) for node in proof["path"]]
        check_state(bytes.fromhex(succeeds["state"]), state_key(name), value, path, other)
    except Failed as failed:
        raise Refused("carry_unfit", str(failed)) from None
    return record


def carry_account(entry, body, place, records):
    account = body["account"]
    if place.register.succeeds is None:
        raise Refused("no_predecessor")
    here = records.get(f"account/{account}", {})
    if "carried" in here:
        raise Refused("carried_before")
    if account in place.register.operators + place.register.governors:
        raise Refused("carry_unfit", "an officer's account")
    there = carried(body["proof"], f"account/{account}", place) or {}
    keys, threshold = key_set(records, account)
    kept = {name: here[name] for name in ("next", "rotated") if name in here}
    changes = {}
    if "rotated" in there:
        keys, threshold = there["keys"], there["threshold"]
        kept = {"rotated": place.index} | {name: there[name] for name in ("next",) if name in there}
        strong = [unmultikey(key) for key in keys if is_strong(unmultikey(key))]
        changes = {f"key/{account}/{key_id(account, key).hex()}": {"index": place.index} for key in strong}
    record = kept | {"carried": True, "keys": keys, "newest": entry.id, "threshold": threshold}
    return changes | {f"account/{account}": record}


def carry_edition(entry, body, place, records):
    work, number = body["work"], body["edition"]
    minted = carried(body["work_proof"], f"work/{work}", place)
    if minted is None:
        raise Refused("carry_unfit", "the predecessor had no such work")
    if number > minted["editions"]:
        raise Refused("edition_unknown", number)
    stood = carried(body["edition_proof"], f"edition/{work}/{number}", place)
    if stood is None and "carried" in minted:
        raise Refused("carry_unfit", "the edition was never carried over to the predecessor")
    stood = stood or untouched(work, minted)
    name = f"edition/{work}/{number}"
    if name in records:
        raise Refused("carried_before")
    check_may_own(stood["holder"], place)
    if "carried" not in records.get(f"account/{stood['holder']}", {}):
        raise Refused("holder_not_carried", stood["holder"])
    burdens.check_parties(stood, place, records)
    changes = carry_work(body, minted, place, records)
    kept = ("country", "encumbrances", "holder", "since_ms", "transfers")
    kept = {member: stood[member] for member in kept if member in stood}
    return changes | {name: kept | {"newest": entry.id}}


def carry_work(body, minted, place, records):
    """What is written about the work, whose mint comes with the first of its editions."""
    work, mint = body["work"], body.get("mint")
    if (f"work/{work}" in records) == (mint is not None):
        raise Refused("carry_unfit", "the mint comes with the first edition, and only then")
    if mint is None:
        return {}
    if entry_id(entry_text(mint["origin"], mint["genesis"], mint["body"])) != work:
        raise Refused("carry_unfit", "the mint is another work's")
    changes = claims(work, mint["body"], records) if place.whole else {}
    return changes | {f"work/{work}": minted | {"carried": True, "index": place.index}}


# --- Acts of the governors ---


def key_in_force(register, records):
    """The log's key after a batch: that of the newest log_key, else the first."""
    return records.get("register", {}).get("log_vkey", register.log_vkey)


def check_goes_on(place, records):
    register = records.get("register", {})
    if "retired" in register:
        raise Refused("retired")
    if "upgrade" in register and place.height >= register["upgrade"]["height"]:
        raise Refused("rules_ended")


def check_act(body, place, records):
    """The register as it stands before an act, if that follows the newest and enough governors sign it."""
    register = records.get("register", {"newest": place.register.genesis})
    if body["prev"] != register["newest"]:
        raise Refused("prev_stale")
    named = body["governors"]
    if len(named) != place.register.threshold or not set(named) <= set(place.register.governors):
        raise Refused("not_governor")
    return register


def change_log_key(entry, body, place, records):
    before = check_act(body, place, records)
    if unvkey(body["log_vkey"])[0] != place.register.origin:
        raise Refused("log_key_unfit", "another name")
    if body["log_vkey"] == key_in_force(place.register, records):
        raise Refused("log_key_unfit", "the same key")
    return {"register": before | {"log_vkey": body["log_vkey"], "newest": entry.id}}


def upgrade(entry, body, place, records):
    before = check_act(body, place, records)
    coming = {}
    if "rules" in body:
        if body["height"] < place.height + UPGRADE_AHEAD_MIN:
            raise Refused("upgrade_too_near")
        coming = {"upgrade": {"height": body["height"], "rules": body["rules"]}}
    for index in body.get("void", []):
        if index not in place.owing if place.whole else index >= place.index:
            raise Refused("void_unfit", index)
    return {"register": before | coming | {"newest": entry.id}}


def named_void(leaves):
    """The leaves that upgrades void, of (index, bytes) in order. An upgrade that another one voids does not count."""
    named = set()
    for index, leaf in reversed(leaves):
        try:
            body = parse_entry(leaf).body
        except (ValueError, Refused, RecursionError):
            continue
        if body["kind"] == "upgrade" and index not in named:
            named |= {one for one in body.get("void", []) if one < index}
    return frozenset(named)


def retire(entry, body, place, records):
    before = check_act(body, place, records)
    named = {"successor": body["successor"]} if "successor" in body else {}
    return {"register": before | named | {"newest": entry.id, "retired": place.index}}


def publish(entry, body, place, records):
    return corridor.publish(entry, body, check_act(body, place, records), place, records)


def enrol(entry, body, place, records):
    return corridor.enrol(entry, body, check_act(body, place, records), records)


def attest(entry, body, place, records):
    if "edition" in body:
        current_edition(body["work"], body["edition"], records)
    elif "work" in body and f"work/{body['work']}" not in records:
        raise Refused("work_unknown", body["work"])
    return corridor.attest(entry, body, place, records)


def revoke(entry, body, place, records):
    return corridor.revoke(entry, body, place, records)


def flag(entry, body, place, records):
    return burdens.flag(entry, current_edition(body["work"], body["edition"], records), place, records)


def charge(entry, body, place, records):
    edition = current_edition(body["work"], body["edition"], records)
    return burdens.charge(entry, edition, place, records, standing_offer(edition, place, records))


def release(entry, body, place, records):
    return burdens.release(entry, current_edition(body["work"], body["edition"], records), place, records)


def receipt(entry, body, place, records):
    current_edition(body["work"], body["edition"], records)
    return corridor.receipt(entry, body, place, records)


def relocate(entry, body, place, records):
    burdens.check_without(current_edition(body["work"], body["edition"], records), ("flag",))
    edition = follow(body, records)
    if body["by"] != edition["holder"]:
        raise Refused("not_holder")
    if body["from_country"] != edition["country"]:
        raise Refused("country_mismatch")
    if standing_offer(edition, place, records):
        raise Refused("offer_stands")
    stays = body | {"to": body["by"], "basis": "gift", "act": "move"}
    return crossed(entry, edition, stays, place, records)


def transmit(entry, body, place, records):
    edition = follow(body, records)
    check_may_own(body["to"], place)
    if body["to"] == edition["holder"]:
        raise Refused("same_holder")
    if body["from_country"] != edition["country"]:
        raise Refused("country_mismatch")
    burdens.check_enrolled(body["by"], body["country"], place, records)
    return moved(entry, edition, body | {"act": "transmit"}, place, records)


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
    "carry_account": carry_account,
    "carry_edition": carry_edition,
    "log_key": change_log_key,
    "upgrade": upgrade,
    "retire": retire,
    "rules": publish,
    "authority": enrol,
    "attest": attest,
    "revoke": revoke,
    "flag": flag,
    "lien": charge,
    "loan": charge,
    "release": release,
    "receipt": receipt,
    "amend": amend,
    "move": relocate,
    "transmit": transmit,
    "seal": not_submittable,
}


def judge(leaf, place, records):
    """What a register would answer to this leaf at this place: the records it writes, or the refusal."""
    entry = parse_entry(leaf)
    check_register(entry, place.register)
    if entry.kind in ("genesis", "seal"):
        raise Refused("not_submittable", entry.kind)
    check_signatures(entry, records)
    check_goes_on(place, records)
    return apply(entry, place, records)


def texts(records):
    """Records by name as canonical texts."""
    return {name: canonical(record) for name, record in records.items()}
