"""What burdens an edition beside its title: flags, liens, loans, their release, and what anybody alleges."""

import ledger_crossing as corridor
from ledger_format import Refused

EACH_MAX = {"flag": 8, "lien": 8, "loan": 1}
ALLEGED_MAX = 16
FLAGGING = "COURT_ORDER"


def check_without(edition, kinds):
    if any(one["kind"] in kinds for one in edition.get("encumbrances", [])):
        raise Refused("encumbered")


def check_free(edition):
    """Title can move."""
    check_without(edition, ("flag", "lien"))


def check_prev(body, newest):
    if body.get("prev") != newest:
        raise Refused("prev_stale")


def check_enrolled(account, country, place, records):
    enrolled = records.get(f"authority/{country}", {"accounts": []})["accounts"]
    own = [one for one in enrolled if one["account"] == account]
    if place.whole and not any(FLAGGING in one["types"] for one in own):
        raise Refused("not_authority", account)


def written(body, edition, **members):
    """The edition's record with members changed; what is empty is left out. An offer stays."""
    record = {name: value for name, value in (edition | members).items() if value not in (None, [], 0) or name == "transfers"}
    return {f"edition/{body['work']}/{body['edition']}": record}


def encumbered(entry, edition, place, of, **members):
    """The edition with one encumbrance more."""
    body, standing = entry.body, edition.get("encumbrances", [])
    if sum(one["kind"] == entry.kind for one in standing) >= EACH_MAX[entry.kind]:
        raise Refused("encumbrances_too_many")
    burden = {"entry": entry.id, "index": place.index, "kind": entry.kind, "of": of} | members
    return written(body, edition, newest=entry.id, encumbrances=[*standing, burden])


def charge(entry, edition, place, records, offered):
    """A lien or a loan."""
    body = entry.body
    check_without(edition, ("flag",))
    check_prev(body, edition["newest"])
    if body["by"] != edition["holder"]:
        raise Refused("not_holder")
    if offered:
        raise Refused("offer_stands")
    until = {"until": body["until"]} if "until" in body else {}
    return encumbered(entry, edition, place, body.get("creditor") or body["borrower"], **until)


def flag(entry, edition, place, records):
    body = entry.body
    if "country" not in body:
        return allege(entry, edition, place, records)
    check_prev(body, edition["newest"])
    check_enrolled(body["by"], body["country"], place, records)
    return encumbered(entry, edition, place, body["by"], country=body["country"], ground=body["ground"])


def own_names(body):
    thing = f"{body['work']}/{body['edition']}"
    return f"edition/{thing}", f"allegation/{thing}/{body['by']}", f"allegations/{thing}"


def allege(entry, edition, place, records):
    body = entry.body
    thing, own, every = own_names(body)
    before = records.get(own, {"newest": None, "open": False})
    check_prev(body, before["newest"])
    named = [one for one in records.get(every, {"open": []})["open"] if one["by"] != body["by"]]
    named.append({"by": body["by"], "entry": entry.id, "ground": body["ground"], "index": place.index})
    count = edition.get("allegations", 0) + (not before["open"])
    changes = {own: {"newest": entry.id, "open": True}, every: {"open": named[-ALLEGED_MAX:]}}
    return corridor.note(entry, thing, place, records) | changes | written(body, edition, allegations=count)


def release(entry, edition, place, records):
    body = entry.body
    if "of" not in body:
        return take_back(entry, edition, place, records)
    check_prev(body, edition["newest"])
    standing = edition.get("encumbrances", [])
    burden = next((one for one in standing if one["entry"] == body["of"]), None)
    if burden is None:
        raise Refused("nothing_to_release")
    protected = edition["holder"] if burden["kind"] == "loan" else burden["of"]
    if body["by"] != protected:
        if "country" not in burden:
            raise Refused("not_releaser", protected)
        check_enrolled(body["by"], burden["country"], place, records)
    return written(body, edition, newest=entry.id, encumbrances=[one for one in standing if one is not burden])


def take_back(entry, edition, place, records):
    body = entry.body
    thing, own, every = own_names(body)
    if own not in records:
        raise Refused("nothing_to_release")
    check_prev(body, records[own]["newest"])
    if not records[own]["open"]:
        raise Refused("nothing_to_release")
    named = [one for one in records[every]["open"] if one["by"] != body["by"]]
    changes = {own: {"newest": entry.id, "open": False}, every: {"open": named}}
    counted = written(body, edition, allegations=edition["allegations"] - 1)
    return corridor.note(entry, thing, place, records) | changes | counted


def check_parties(stood, place, records):
    """Whoever can release what stands on an edition that is carried over has their keys here."""
    officers = place.register.operators + place.register.governors
    for burden in stood.get("encumbrances", []):
        if burden["kind"] != "loan" and burden["of"] not in officers:
            if "carried" not in records.get(f"account/{burden['of']}", {}):
                raise Refused("party_not_carried", burden["of"])
