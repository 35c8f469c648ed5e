"""The corridor on the ledger: rules published, authorities enrolled, documents attested, and what is asked when title moves."""

import datetime
import hashlib
import re

from corridor_cedar import CedarError, Reader
from corridor_facts import REGIONS
from corridor_rules import ENGINE, ROOT, applying, can_be_had, money, royalty, whom
from ledger_entries import about, paper_name
from ledger_format import Refused

RULES_BYTES_MAX = 12 * 1024
RULE_SETS_MAX = 64
AUTHORITIES_MAX = 64
SCHEMA = (ROOT / "crates/corridor/src/corridor.cedarschema").read_text()
AGES = {"lt50": 0, "50_100": 50, "100_200": 100, "200_250": 200, "gt250": 250}
DAY_MS = 24 * 60 * 60 * 1000


def listed_words(entity):
    """A closed list of words, as the schema has it."""
    return re.findall(r'"(\w+)"', re.search(rf"entity {entity} enum \[(.*?)\]", SCHEMA)[1])


DOCUMENTS, SOURCES = listed_words("Document"), listed_words("Source")
CURRENCIES = re.findall(r"([A-Z]{3})\?: Long", SCHEMA)


# --- Acts of the governors ---


def set_digest(name, text):
    return hashlib.sha256(f"colophon.rules/v1\n{ENGINE}\n{name}\n{text}".encode())


def rules_text(lines):
    return "".join(line + "\n" for line in lines)


def read_rules(name, text):
    """The policies of a set. Whether they fit the schema and stay within the limits is left to the first implementation."""
    if len(text) > RULES_BYTES_MAX:
        raise Refused("rules_too_large")
    try:
        return Reader(text).policies()
    except CedarError as error:
        raise Refused("rules_invalid", f"{name}: {error}") from None


def pruned(sets, height):
    """The list without what no batch after one at this height asks for."""
    kept = []
    for one, following in zip(sets, [*sets[1:], None]):
        begun = one["height"] <= height
        over = following and following["name"] == one["name"] and following["height"] <= height
        if not over and not (begun and "digest" not in one):
            kept.append(one)
    # A withdrawal of what is in force neither now nor by then withdraws nothing.
    before = [None, *kept]
    return [
        one for one, last in zip(kept, before)
        if "digest" in one or (last and last["name"] == one["name"] and "digest" in last)
    ]


def publish(entry, body, before, place, records):
    """`before` is the register's record, once the act may be made."""
    if body["height"] <= place.height:
        raise Refused("rules_retroactive")
    sets, changes = records.get("rules", {"sets": []})["sets"], {}
    new = {"height": body["height"], "name": body["name"]}
    if "text" in body:
        text = rules_text(body["text"])
        read_rules(body["name"], text)
        new["digest"] = set_digest(body["name"], text).hexdigest()
        kept = {member: body[member] for member in ("citation", "jurisdiction", "name", "text")}
        changes[f"rules/{new['digest']}"] = kept | {"index": place.index}
    elif not any(one["name"] == body["name"] and "digest" in one for one in sets):
        raise Refused("rules_unknown")
    others = [one for one in sets if (one["name"], one["height"]) != (new["name"], new["height"])]
    sets = pruned(sorted([*others, new], key=lambda one: (one["name"], one["height"])), place.height)
    if len({one["name"] for one in sets}) > RULE_SETS_MAX or len(sets) > 2 * RULE_SETS_MAX:
        raise Refused("rules_too_many")
    return changes | {"rules": {"sets": sets}, "register": before | {"newest": entry.id}}


def enrol(entry, body, before, records):
    country, account = body["country"], body["account"]
    there = records.get(f"authority/{country}", {"accounts": []})["accounts"]
    accounts = [one for one in there if one["account"] != account]
    if "types" in body:
        if not set(body["types"]) <= set(DOCUMENTS):
            raise Refused("authority_unfit", "a type that no rule can ask for")
        accounts = sorted([*accounts, {"account": account, "types": body["types"]}], key=lambda one: one["account"])
    elif len(accounts) == len(there):
        raise Refused("authority_unfit", "not enrolled")
    if len(accounts) > AUTHORITIES_MAX:
        raise Refused("authority_unfit", "too many")
    countries = [one for one in records.get("authorities", {"countries": []})["countries"] if one["country"] != country]
    types = sorted({document for one in accounts for document in one["types"]})
    if types:
        countries.append({"country": country, "types": types})
    return {
        f"authority/{country}": {"accounts": accounts},
        "authorities": {"countries": sorted(countries, key=lambda one: one["country"])},
        "register": before | {"newest": entry.id},
    }


# --- Documents ---


def note(entry, thing, place, records):
    count = records.get(f"note/{thing}", {"count": 0})["count"] + 1
    return {f"note/{thing}": {"count": count}, f"note/{thing}/{count}": {"entry": entry.id, "index": place.index}}


def attest(entry, body, place, records):
    thing = about(body)
    name = paper_name(body)
    if body.get("prev") != records.get(name, {}).get("newest"):
        raise Refused("prev_stale")
    valid = {member: body[member] for member in ("valid_from", "valid_to") if member in body}
    paper = {"attest": entry.id, "index": place.index, "newest": entry.id, "sha256": body["sha256"]}
    return note(entry, thing, place, records) | {name: paper | valid}


def revoke(entry, body, place, records):
    thing = about(body)
    name = paper_name(body)
    if name not in records:
        raise Refused("nothing_attested")
    if body["prev"] != records[name]["newest"]:
        raise Refused("prev_stale")
    if "revoked" in records[name]:
        raise Refused("nothing_attested")
    revoked = records[name] | {"newest": entry.id, "revoked": place.index}
    return note(entry, thing, place, records) | {name: revoked}


# --- Receipts for what is owed ---


def receipt(entry, body, place, records):
    name = f"crossing/{body['work']}/{body['edition']}/{body['crossing']}"
    crossing = records.get(name, {"noted": []})
    owed = [one for one in crossing["noted"] if one["owed"] and "receipt" not in one and one["rule"] == body["rule"]]
    if not owed:
        raise Refused("nothing_owed")
    check_payee(body, owed[0], crossing, records)
    given = {"by": body["by"], "entry": entry.id, "index": place.index}
    noted = [one | {"receipt": given} if one is owed[0] else one for one in crossing["noted"]]
    return note(entry, f"edition/{body['work']}/{body['edition']}", place, records) | {name: crossing | {"noted": noted}}


def check_payee(body, owed, crossing, records):
    """The party whose paper closes it, or an authority that may attest that paper."""
    of, country = owed["of"], body.get("country")
    if country is None:
        parties = {"maker": records[f"work/{body['work']}"]["maker"]} | {name: crossing[name] for name in ("giver", "recipient")}
        if parties.get(of) != body["by"]:
            raise Refused("not_payee")
        return
    enrolled = records.get(f"authority/{country}", {"accounts": []})["accounts"]
    may = any(one["account"] == body["by"] and owed["type"] in one["types"] for one in enrolled)
    if not may or not (of.islower() or of == country or country in REGIONS.get(of, ())):
        raise Refused("not_payee")


# --- Title that moves ---


def in_force(height, records):
    """The digests of the sets in force at a height, by name."""
    newest = {}
    for one in records.get("rules", {"sets": []})["sets"]:
        if one["height"] <= height:
            newest[one["name"]] = one.get("digest")
    return {name: digest for name, digest in sorted(newest.items()) if digest}


def day(time_ms):
    """The day of a time, which Python's calendar knows up to the year 9999."""
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=time_ms // DAY_MS)


def counts(paper, today):
    valid = paper.get("valid_from", "") <= today.isoformat() <= paper.get("valid_to", "9999-12-31")
    return valid and "revoked" not in paper


def issuers(maker, giver, recipient, records):
    """Whose documents count: account, type, and as whose."""
    for account, party in ((giver, "giver"), (recipient, "recipient"), (maker, "maker")):
        yield from ((account, document, party) for document in DOCUMENTS)
    for one in records.get("authorities", {"countries": []})["countries"]:
        for enrolled in records[f"authority/{one['country']}"]["accounts"]:
            yield from ((enrolled["account"], document, one["country"]) for document in enrolled["types"])


def papers(work, number, parties, today, records):
    giver, recipient = parties
    things = [f"edition/{work}/{number}", f"work/{work}", f"account/{giver}", f"account/{recipient}"]
    for account, document, issuer in issuers(records[f"work/{work}"]["maker"], giver, recipient, records):
        for thing in things:
            paper = records.get(f"paper/{thing}/{document}/{account}")
            if paper and counts(paper, today):
                yield f"{document}@{issuer}", paper["attest"], thing


def listing(account, found):
    """The countries that have an account on their list of sanctions."""
    papers = {paper for paper, _, thing in found if thing == f"account/{account}"}
    by = (paper.removeprefix("SANCTION_LISTING@") for paper in papers if paper.startswith("SANCTION_LISTING@"))
    return ",".join(sorted(country for country in by if country.isupper()))


def told(money):
    """An amount in a currency that the schema has."""
    return f"{money['currency']}:{money['amount']}" if money.get("currency") in CURRENCIES else ""


def heritage_word(stated, member, entity):
    word = stated.get(member, "none")
    if word not in listed_words(entity):
        raise Refused("crossing_unknown", word)
    return word


def facts_of(terms, work, edition, number, place, records):
    """The facts of a crossing, as the corridor's tables write them, and the attestations they rest on."""
    minted, today = records[f"work/{work}"], day(place.time_ms)
    stated = minted.get("facts", {})
    giver, recipient = edition["holder"], terms["to"]
    found = [*papers(work, number, (giver, recipient), today, records)]
    if minted["source_type"] not in SOURCES:
        raise Refused("crossing_unknown", minted["source_type"])
    enrolled = records.get("authorities", {"countries": []})["countries"]
    price = terms.get("price", {})
    facts = {
        "act": terms.get("act", "transfer"),
        "from": edition["country"],
        "to": terms["to_country"],
        "basis": terms["basis"],
        "delivery": terms["delivery"],
        "giver": giver,
        "recipient": recipient,
        "giver.maker": "yes" if giver == minted["maker"] else "no",
        "recipient.maker": "yes" if recipient == minted["maker"] else "no",
        "giver.listed": listing(giver, found),
        "recipient.listed": listing(recipient, found),
        "work": work,
        "work.source": minted["source_type"],
        "work.older": str(max(0, today.year - int(minted["created"][:4]) - 1, AGES[stated.get("age", "lt50")])),
        "work.category": heritage_word(stated, "category", "Category"),
        "work.protection": heritage_word(stated, "protection", "Protection"),
        "price": told(price),
        "papers": ",".join(sorted({paper for paper, _, _ in found})),
        "enrolled": ",".join(f"{document}@{one['country']}" for one in enrolled for document in one["types"]),
        "year": str(today.year),
        "held": str(max(0, place.time_ms - edition["since_ms"]) // DAY_MS),
        "professional": "yes" if "professional" in terms else "no",
    } | ({"work.origin": minted["made_in"]} if "made_in" in minted else {})
    facts |= {"value": told(terms["value"])} if "value" in terms else {}
    facts |= {"work.died": str(stated["died"])} if "died" in stated else {}
    counted = {}
    for paper, attest_id, _ in found:
        counted.setdefault(attest_id, set()).add(paper.partition("@")[2])
    return facts, [{"attest": attest_id, "of": sorted(of)} for attest_id, of in sorted(counted.items())]


def noted(rule, notes, effect, facts):
    """What is kept of a rule that applies, or nothing if it stands in the way."""
    if "cure" in notes:
        return None
    of, owed = whom(notes["by"], facts), effect == "permit"
    if not owed and can_be_had(notes["document"], of, facts):
        return None
    record = {"of": of, "owed": owed, "rule": rule, "type": notes["owes" if owed else "document"]}
    if "royalty" in notes:
        currency, _, scale = notes["royalty"].partition(" ")
        if currency not in money(facts["price"]):
            return None
        record |= {"amount": royalty(scale, money(facts["price"])[currency]), "currency": currency}
    return record | ({"within_days": int(notes["within_days"])} if "within_days" in notes else {})


def cross(terms, work, edition, number, place, records):
    """What the rules in force leave of a crossing: the members of the edition's record, and the record of what they said."""
    chosen = in_force(place.height, records)
    if not chosen or not place.whole:
        return {}, {}
    facts, counted = facts_of(terms, work, edition, number, place, records)
    whole = hashlib.sha256(b"colophon.corridor/v1\n")
    sets = {}
    for name, digest in chosen.items():
        whole.update(bytes.fromhex(digest))
        sets[name] = Reader(rules_text(records[f"rules/{digest}"]["text"])).policies()
    kept, heaviest = [], ""
    for rule, notes, effect, fails in applying(sets, facts):
        record = None if fails else noted(rule, notes, effect, facts)
        if record:
            kept.append(record)
        elif not fails and effect == "forbid" and notes["outcome"] == "hold":
            heaviest = heaviest or "crossing_held"
        else:
            heaviest = "crossing_refused"
    if heaviest:
        raise Refused(heaviest)
    judged = edition.get("judged", 0) + 1
    crossing = {"index": place.index, "noted": kept, "papers": counted, "rules": whole.hexdigest()}
    crossing |= {"giver": edition["holder"], "recipient": terms["to"]}
    named = f"corridor/{whole.hexdigest()}"
    corridor = {} if named in records else {named: {"sets": [{"digest": digest, "name": name} for name, digest in chosen.items()]}}
    return {"judged": judged, "rules": whole.hexdigest()}, corridor | {f"crossing/{work}/{number}/{judged}": crossing}
