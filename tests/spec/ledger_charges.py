"""A register of the test vectors in which editions are flagged, charged, lent and released, and strangers allege things."""

import ledger_cheats as cheats
from ledger_acts import leaf_of
from ledger_borders import Told, enrol_body, sale
from ledger_format import places, state_root
from ledger_register import DAY_MS, digest, key, mint_body, move_body, terms_body
from ledger_rules import texts

ORDER = "COURT_ORDER"


def newest(log, work, edition=1):
    return log.records.get(f"edition/{work}/{edition}", {"newest": work})["newest"]


def flag_body(log, by, work, edition=1, ground="stolen", **members):
    """A flag; it follows what it has to follow by itself."""
    body = {"by": key(by), "edition": edition, "ground": ground, "kind": "flag", "work": work} | members
    if "country" in body:
        return {"prev": newest(log, work, edition), "sha256": digest("order")} | body
    own = log.records.get(f"allegation/{work}/{edition}/{key(by)}", {}).get("newest")
    return ({"prev": own} if own else {}) | body


def charge_body(log, kind, by, other, work, edition=1, **members):
    named = {"lien": "creditor", "loan": "borrower"}[kind]
    return move_body(kind, by, work, newest(log, work, edition), edition) | {named: key(other)} | members


def release_body(log, by, work, of=None, edition=1, **members):
    own = log.records.get(f"allegation/{work}/{edition}/{key(by)}", {}).get("newest", digest("none"))
    prev = newest(log, work, edition) if of else own
    return move_body("release", by, work, prev, edition) | ({"of": of} if of else {}) | members


def everything():
    told = Told("charges")
    log = told.log
    hills = told.take(mint_body("ana", "hills", digest("words"), editions=3), "ana")
    told.act(enrol_body(log, "bureau", "CN", ORDER))
    told.act(enrol_body(log, "court", "CN", ORDER, "INVOICE"))
    told.act(enrol_body(log, "ministry", "FR", "INVOICE"))
    offer = terms_body("offer", "ana", "bo", hills, hills, log.time_ms + 90 * DAY_MS)
    told.take(offer, "ana")
    flags(told, hills)
    alleged(told, hills)
    charges(told, hills)
    told.take(flag_body(log, "cy", hills, ground="disputed"), "cy")
    certificate = log.certificate(hills)
    altered = [*alterations(log, certificate)]
    told.take(flag_body(log, "cy", hills, 3), "cy")
    beside = log.certificate(hills, 3)
    altered_beside = [*alterations(log, beside)]
    return {
        "vkey": log.vkey,
        "leaves": [leaf_of(index, leaf) for index, leaf in enumerate(log.leaves)],
        "records": texts(dict(sorted(log.records.items()))),
        "state": state_root(places(texts(log.records))).hex(),
        "checkpoint": log.checkpoint(),
        "refused": told.refused,
        "certificates": [
            {"text": cheats.text_of(certificate), "altered": altered},
            {"text": cheats.text_of(beside), "altered": altered_beside},
        ],
    }


def flags(told, work):
    """An offer is made, an authority flags; the offer waits, and is accepted after the release."""
    log = told.log
    refuse = told.refuse_body
    home = {"country": "CN"}
    refuse("work_unknown", "a flag on no work", flag_body(log, "cy", digest("none")), "cy")
    refuse("edition_unknown", "a flag on an edition there is not", flag_body(log, "cy", work, 4), "cy")
    refuse("not_authority", "a flag by a stranger for a country", flag_body(log, "cy", work, **home), "cy")
    refuse("not_authority", "enrolled for other papers", flag_body(log, "ministry", work, country="FR"), "ministry")
    refuse("not_authority", "enrolled for another country", flag_body(log, "bureau", work, country="FR"), "bureau")
    refuse("prev_stale", "a flag that follows nothing", flag_body(log, "bureau", work, prev=digest("none"), **home), "bureau")
    bare = flag_body(log, "bureau", work, **home)
    for member in ("prev", "sha256"):
        less = {name: value for name, value in bare.items() if name != member}
        refuse("body_invalid", f"an authority's flag without {member}", less, "bureau")
    refuse("body_invalid", "another ground", flag_body(log, "cy", work, ground="ugly"), "cy")
    placed = told.take(bare, "bureau")
    told.refuse_body("encumbered", "an acceptance of what is flagged", move_body("accept", "bo", work, placed), "bo")
    stale = move_body("accept", "bo", work, log.records[f"edition/{work}/1"]["newest"])
    told.refuse_body("encumbered", "the same, following the flag", stale, "bo")
    for by, kind in (("ana", "lien"), ("ana", "loan")):
        refuse("encumbered", f"a {kind} on what is flagged", charge_body(log, kind, by, "bank", work), by, "bank")
    refuse("not_authority", "a release by the holder", release_body(log, "ana", work, placed), "ana")
    refuse("nothing_to_release", "a release of what is not there", release_body(log, "bureau", work, digest("none")), "bureau")
    refuse("prev_stale", "a release that follows the offer", release_body(log, "bureau", work, placed, prev=work), "bureau")
    second = told.take(flag_body(log, "court", work, ground="frozen", **home), "court")
    told.take(release_body(log, "court", work, placed), "court")  # another authority of the country
    told.act(enrol_body(log, "court", "CN"))
    refuse("not_authority", "a flag by one who was removed", flag_body(log, "court", work, **home), "court")
    told.take(release_body(log, "court", work, second), "court")  # its own, though it was removed
    told.take(move_body("accept", "bo", work, newest(log, work)), "bo")


def alleged(told, work):
    """Seventeen accounts allege something; sixteen are named, all are counted, and title moves."""
    log = told.log
    refuse = told.refuse_body
    refuse("nothing_to_release", "nothing was alleged", release_body(log, "cy", work), "cy")
    said = flag_body(log, "cy", work)
    first = told.take(said, "cy")
    refuse("prev_stale", "the same again", said, "cy")
    refuse("prev_stale", "taken back after another", release_body(log, "cy", work, prev=work), "cy")
    told.take(flag_body(log, "cy", work, ground="disputed"), "cy")
    refuse("prev_stale", "what was replaced is taken back", release_body(log, "cy", work, prev=first), "cy")
    for number in range(16):
        log.take(log.sign(flag_body(log, f"crowd {number}", work), f"crowd {number}"))
    log.seal()
    told.take(release_body(log, "cy", work), "cy")
    refuse("nothing_to_release", "taken back twice", release_body(log, "cy", work), "cy")
    told.move(sale(log, work, by="bo", to="ana", from_country="FR", to_country="CN"))
    for number in range(16):
        log.take(log.sign(release_body(log, f"crowd {number}", work), f"crowd {number}"))
    log.seal()


def charges(told, work):
    """Liens until there are too many, a loan, and who may let them go."""
    log = told.log
    refuse = told.refuse_body
    refuse("not_holder", "a lien by a stranger", charge_body(log, "lien", "cy", "bank", work), "cy", "bank")
    refuse("signature_set", "a lien without the creditor", charge_body(log, "lien", "ana", "bank", work), "ana")
    refuse("body_invalid", "a lien of oneself", charge_body(log, "lien", "ana", "ana", work), "ana")
    refuse("body_invalid", "a loan to oneself", charge_body(log, "loan", "ana", "ana", work), "ana")
    refuse("prev_stale", "a lien on the work", charge_body(log, "lien", "ana", "bank", work, prev=work), "ana", "bank")
    loan = told.take(charge_body(log, "loan", "ana", "museum", work, until="2027-06-30"), "ana", "museum")
    again = charge_body(log, "loan", "ana", "bank", work)
    refuse("encumbrances_too_many", "a second loan", again, "ana", "bank")
    told.move(sale(log, work, to="bo"))  # custody is not title
    back = {"from_country": "FR", "to_country": "CN"}
    refuse("not_releaser", "the borrower ends a loan", release_body(log, "museum", work, loan), "museum")
    refuse("not_releaser", "the former holder ends a loan", release_body(log, "ana", work, loan), "ana")
    liens = []
    for number in range(8):
        liens.append(told.take(charge_body(log, "lien", "bo", "bank", work, sha256=digest(str(number))), "bo", "bank"))
    refuse("encumbrances_too_many", "a ninth lien", charge_body(log, "lien", "bo", "bank", work), "bo", "bank")
    told.refuse("encumbered", "a sale under a lien", sale(log, work, by="bo", to="ana", **back))
    refuse("not_releaser", "the holder ends a lien", release_body(log, "bo", work, liens[0]), "bo")
    offer = terms_body("offer", "bo", "cy", work, newest(log, work), log.time_ms + DAY_MS, from_country="FR")
    told.take(offer, "bo")
    for lien in liens[1:]:
        told.take(release_body(log, "bank", work, lien), "bank")
    refuse("offer_stands", "a lien under an offer", charge_body(log, "lien", "bo", "bank", work), "bo", "bank")
    told.refuse_body("encumbered", "one lien is left", move_body("accept", "cy", work, newest(log, work)), "cy")


def alterations(log, true):
    """Each: what is done to the certificate, and the verdict."""
    cases = [("as it is", [], cheats.PROVED)]
    for n, proved in enumerate(true["entries"]):
        cases.append((f"without the entry at index {proved['index']}", [{"remove": f"/entries/{n}"}], cheats.REFUSED))
    for n, record in enumerate(true["records"]):
        cases.append((f"without the record {record['key'].split('/')[0]} {n}", [{"remove": f"/records/{n}"}], cheats.REFUSED))
    for what, edits, expected in cases:
        cheats.check_verdict(what, cheats.text_of(cheats.altered(true, edits)), log.vkey, expected)
        yield {"what": what, "edits": edits, "verdict": expected}
