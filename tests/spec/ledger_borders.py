"""A register of the test vectors with rules of the corridor: published, applied, replaced; and the documents that count."""

import ledger_cheats as cheats
from corridor_rules import ROOT
from ledger_acts import case, leaf_of
from ledger_format import places, state_root
from ledger_register import DAY_MS, Log, act_body, digest, key, mint_body, move_body, terms_body
from ledger_rules import texts

LICENCE = """@id("licence")
@cite("Act on Borders, section 5")
@checked("2026-11-29")
@because("works leave with a licence")
@outcome("refuse")
@document("NAT_EXPORT_LICENCE")
@by("from")
forbid (principal, action in Action::"crossing", resource)
when { context.from != context.to }
unless { context.papers.contains({ document: Document::"NAT_EXPORT_LICENCE", by: "from" }) };

@id("share")
@cite("Act on Shares, section 1")
@checked("2026-11-29")
@because("the maker gets a share")
@owes("ARR_RECEIPT")
@by("maker")
@royalty("EUR 4% to 50000.00, 3% above")
@within_days("60")
permit (principal, action in Action::"crossing", resource)
when { context.price has EUR && context.year - context.work.older_than > 1900 };
"""
NAT = "NAT_EXPORT_LICENCE"


def rules_body(log, name, text=None, ahead=1):
    lines = {"text": text.splitlines()} if text else {}
    known = {"citation": "Act on Borders", "jurisdiction": "CN", "schema": 1, "height": log.height + ahead, "name": name}
    return act_body("rules", newest_act(log)) | known | lines


def newest_act(log):
    return log.records.get("register", {"newest": log.register.genesis})["newest"]


def enrol_body(log, account, country, *types, **members):
    known = {"account": key(account), "country": country} | ({"types": sorted(types)} if types else {})
    return act_body("authority", newest_act(log)) | known | members


def attest_body(log, by, document, prev=None, **members):
    """A document by an account; it follows the newest of its chain by itself."""
    body = {"by": key(by), "kind": "attest", "sha256": digest("paper"), "type": document} | members
    thing = f"account/{body['account']}" if "account" in body else f"work/{body['work']}"
    thing = f"edition/{body['work']}/{body['edition']}" if "edition" in body else thing
    prev = prev or log.records.get(f"paper/{thing}/{document}/{key(by)}", {}).get("newest")
    return body | ({"prev": prev} if prev else {})


def revoke_body(log, by, document, **members):
    body = attest_body(log, by, document, **members)
    return {name: value for name, value in body.items() if name != "sha256"} | {"kind": "revoke"}


def sale(log, work, by="ana", to="bo", edition=1, **members):
    edition_record = log.records.get(f"edition/{work}/{edition}", {"newest": work})
    price = {"price": {"amount": 5_100_000, "currency": "EUR"}}
    body = terms_body("transfer", by, to, work, edition_record["newest"], log.time_ms + DAY_MS, edition=edition)
    return log.sign(body | price | members, by, to)


class Told:
    """The register as it grows, and what is refused on the way."""

    def __init__(self, nonce):
        self.log, self.refused = Log(nonce), []

    def act(self, body):
        return self.take(body, "governor")

    def take(self, body, *signed):
        taken = self.log.take(self.log.sign(body, *signed))
        self.log.seal()
        return taken

    def move(self, leaf):
        taken = self.log.take(leaf)
        self.log.seal()
        return taken

    def refuse(self, code, what, leaf):
        self.refused.append(case(self.log, code, what, leaf))

    def refuse_body(self, code, what, body, *signed):
        self.refuse(code, what, self.log.sign(body, *signed))


def everything():
    told = Told("borders")
    log = told.log
    hills = told.take(mint_body("ana", "hills", digest("words"), made_in="CN", created="1950", editions=3), "ana")
    sea = told.take(mint_body("ana", "sea", digest("words")), "ana")
    dream = told.take(mint_body("ana", "dream", digest("words"), source_type="trainedAlgorithmicMedia"), "ana")
    offer = terms_body("offer", "ana", "bo", hills, hills, log.time_ms + 90 * DAY_MS, edition=3)
    offer = told.take(offer | {"basis": "gift"}, "ana")
    acts_refused(told)
    told.act(rules_body(log, "XX-LICENCE", LICENCE))
    told.move(sale(log, sea))  # nobody is enrolled: it is noted alone
    told.act(enrol_body(log, "bureau", "CN", "INVOICE", NAT))
    told.act(enrol_body(log, "ministry", "FR", NAT))
    documents_refused(told, hills)
    papers_that_do_not_count(told, hills)
    told.take(attest_body(log, "bureau", NAT, work=hills, edition=1, valid_from="2027-01-15", valid_to="2027-01-15"), "bureau")
    told.move(sale(log, hills))
    certificate = log.certificate(hills)
    altered = [*alterations(log, certificate)]
    told.take(revoke_body(log, "bureau", NAT, work=hills, edition=1), "bureau")
    revoked = log.certificate(hills)
    altered_revoked = [*alterations(log, revoked), *as_before(log, revoked, certificate)]
    accepted = move_body("accept", "bo", hills, offer, 3)
    told.refuse_body("crossing_refused", "an acceptance without its paper", accepted, "bo")
    told.take(attest_body(log, "bureau", NAT, account=key("bo")), "bureau")
    told.take(accepted, "bo")
    told.act(rules_body(log, "AI-LABEL", (ROOT / "rules/AI-LABEL.cedar").read_text()))
    home = {"to_country": "CN"}
    told.refuse("crossing_held", "machine-made content without its label", sale(log, dream, **home))
    told.take(attest_body(log, "ana", "AI_LABEL_ATTEST", work=dream), "ana")
    told.move(sale(log, dream, **home))
    receipts(told, sea)
    sanctions(told, hills)
    urn = heritage(told)
    amended = log.certificate(urn)
    altered_amended = [*alterations(log, amended)]
    told.act(rules_body(log, "XX-LICENCE"))
    told.act(enrol_body(log, "ministry", "FR"))
    without_the_holder(told, sea)
    told.move(sale(log, hills, by="bo", to="cy", from_country="FR", to_country="US"))
    return {
        "vkey": log.vkey,
        "leaves": [leaf_of(index, leaf) for index, leaf in enumerate(log.leaves)],
        "records": texts(dict(sorted(log.records.items()))),
        "state": state_root(places(texts(log.records))).hex(),
        "checkpoint": log.checkpoint(),
        "refused": told.refused,
        "certificate": {"text": cheats.text_of(certificate), "altered": altered},
        "revoked": {"text": cheats.text_of(revoked), "altered": altered_revoked},
        "amended": {"text": cheats.text_of(amended), "altered": altered_amended},
    }


def acts_refused(told):
    log = told.log

    def refuse(code, what, body, *signed):
        told.refuse_body(code, what, body, *(signed or ("governor",)))

    def rules(ahead=1, **members):
        return rules_body(log, "XX-LICENCE", LICENCE, ahead) | members

    none = {"prev": digest("none")}
    refuse("prev_stale", "rules that follow nothing", rules(**none))
    stranger = {"by": key("ana"), "governors": [key("ana")]}
    refuse("not_governor", "rules by a stranger", rules(**stranger), "ana")
    refuse("rules_retroactive", "rules of their own batch", rules(ahead=0))
    refuse("rules_unknown", "nothing to withdraw", rules_body(log, "XX-LICENCE"))
    refuse("rules_too_large", "12 289 bytes", rules(text=[" " * 1_000] * 12 + [" " * 276]))
    refuse("rules_invalid", "no Cedar", rules(text=["forbid everything"]))
    refuse("body_invalid", "no lines", rules(text=[]))
    refuse("body_invalid", "a newline in a line", rules(text=["a\nb"]))
    refuse("body_invalid", "another schema", rules(schema=2))
    refuse("body_invalid", "a small name", rules(name="law"))
    refuse("body_invalid", "from the genesis on", rules(height=0))
    refuse("unknown_member", "a reason", rules(reason="none"))
    refuse("not_governor", "an authority by a stranger", enrol_body(log, "bureau", "CN", NAT, **stranger), "ana")
    refuse("authority_unfit", "a type that no rule asks for", enrol_body(log, "bureau", "CN", "LICENCE"))
    refuse("authority_unfit", "nobody to remove", enrol_body(log, "bureau", "CN"))
    refuse("body_invalid", "types out of order", enrol_body(log, "bureau", "CN", types=[NAT, "INVOICE"]))
    refuse("body_invalid", "no types", enrol_body(log, "bureau", "CN", types=[]))


def documents_refused(told, work):
    log = told.log

    def refuse(code, what, body):
        told.refuse_body(code, what, body, "cy")

    refuse("work_unknown", "about no work", attest_body(log, "cy", NAT, work=digest("none")))
    refuse("edition_unknown", "about an edition there is not", attest_body(log, "cy", NAT, work=work, edition=4))
    refuse("prev_stale", "after nothing there is", attest_body(log, "cy", NAT, work=work, prev=digest("none")))
    refuse("nothing_attested", "nothing to take back", revoke_body(log, "cy", NAT, work=work, prev=digest("none")))
    refuse("body_invalid", "about an account and a work", attest_body(log, "cy", NAT, work=work, account=key("bo")))
    refuse("body_invalid", "about nothing", {"by": key("cy"), "kind": "attest", "sha256": digest("paper"), "type": NAT})
    ends = {"valid_from": "2027-01-02", "valid_to": "2027-01-01"}
    refuse("body_invalid", "valid until before", attest_body(log, "cy", NAT, work=work, **ends))
    refuse("body_invalid", "valid in a year", attest_body(log, "cy", NAT, work=work, valid_to="2027"))
    told.take(attest_body(log, "cy", NAT, work=work), "cy")
    again = log.leaves[-2]
    told.refuse("prev_stale", "the same again", again)
    told.take(revoke_body(log, "cy", NAT, work=work), "cy")
    refuse("nothing_attested", "taken back twice", revoke_body(log, "cy", NAT, work=work))


def papers_that_do_not_count(told, work):
    log = told.log
    yesterday, tomorrow = {"valid_to": "2027-01-14"}, {"valid_from": "2027-01-16"}
    for what, by, document, members in [
        ("no paper at all", None, NAT, {}),
        ("a paper by a stranger", "cy", NAT, {"work": work}),
        ("a paper by the holder", "ana", NAT, {"work": work}),
        ("a paper by another country", "ministry", NAT, {"work": work}),
        ("a paper of another type", "bureau", "INVOICE", {"work": work}),
        ("a paper for the other edition", "bureau", NAT, {"work": work, "edition": 2}),
        ("a paper about a third party", "bureau", NAT, {"account": key("cy")}),
        ("a paper that is not valid yet", "bureau", NAT, {"work": work, "edition": 1} | tomorrow),
        ("a paper that has run out", "bureau", NAT, {"work": work, "edition": 1} | yesterday),
    ]:
        if by:
            told.take(attest_body(log, by, document, **members), by)
        told.refuse("crossing_refused", what, sale(log, work))
    told.take(attest_body(log, "bureau", NAT, work=work, edition=1), "bureau")
    told.take(revoke_body(log, "bureau", NAT, work=work, edition=1), "bureau")
    told.refuse("crossing_refused", "a paper that was taken back", sale(log, work))


def sanctions(told, hills):
    """bo, who has the third edition of the hills in FR, is listed, and then is not."""
    log, name = told.log, "SANCTION_LISTING"
    gone = {"by": "bo", "to": "cy", "edition": 3, "from_country": "FR", "to_country": "FR"}
    told.act(rules_body(log, "EU-SANCTIONS", (ROOT / "rules/EU-SANCTIONS.cedar").read_text()))
    told.take(attest_body(log, "cy", name, account=key("bo")), "cy")
    told.act(enrol_body(log, "treasury", "DE", name))
    told.take(attest_body(log, "treasury", name, account=key("bo")), "treasury")
    told.refuse("crossing_refused", "by one who is on a list of sanctions", sale(log, hills, **gone))
    told.take(revoke_body(log, "treasury", name, account=key("bo")), "treasury")
    told.take(attest_body(log, "treasury", name, account=key("cy")), "treasury")
    told.refuse("crossing_refused", "to one who is on a list of sanctions", sale(log, hills, **gone))
    told.take(revoke_body(log, "treasury", name, account=key("cy")), "treasury")
    told.move(sale(log, hills, **gone))


def amend_body(log, by, work, prev=None, **members):
    newest = log.records.get(f"work/{work}", {}).get("amended", {"newest": work})["newest"]
    return {"by": key(by), "kind": "amend", "prev": prev or newest, "work": work} | members


def heritage(told):
    """Facts of a mint, and as they are amended, lead to what heritage law asks for."""
    log = told.log
    told.act(rules_body(log, "EU-IMP-880", (ROOT / "rules/EU-IMP-880.cedar").read_text()))
    told.act(enrol_body(log, "customs", "DE", "EU_IMPORT_LICENCE"))
    facts = {"age": "gt250", "category": "archaeology", "protection": "none"}
    facts |= {"ai": {"human": "substantial"}, "fcs": {"domain": "A", "version": "fcs2009"}, "hs": "970521", "died": 1700}
    minted = mint_body("ana", "urn", digest("words"), facts=facts, made_in="US", country="US")
    urn = told.take(minted, "ana")
    comes = {"from_country": "US", "delivery": "physical"}
    told.refuse("crossing_refused", "what was dug up, without its import licence", sale(log, urn, **comes))
    younger = facts | {"age": "50_100", "category": "painting"}
    refuse = told.refuse_body
    refuse("work_unknown", "facts of no work", amend_body(log, "ana", digest("none"), facts=younger), "ana")
    refuse("prev_stale", "facts that follow nothing", amend_body(log, "ana", urn, digest("none"), facts=younger), "ana")
    refuse("not_maker", "facts by another", amend_body(log, "bo", urn, facts=younger), "bo")
    refuse("body_invalid", "nothing amended", amend_body(log, "ana", urn), "ana")
    for what, wrong in (("an age", {"age": "old"}), ("a heading", {"hs": "97"}), ("a domain", {"fcs": {"domain": "Z", "version": "fcs2009"}})):
        refuse("body_invalid", what + " of no list", amend_body(log, "ana", urn, facts=wrong), "ana")
    refuse("unknown_member", "another fact", amend_body(log, "ana", urn, facts={"colour": "red"}), "ana")
    told.take(amend_body(log, "ana", urn, facts=facts | {"category": "pottery"}), "ana")
    told.refuse("crossing_unknown", "a category that no rule knows", sale(log, urn, **comes))
    told.take(amend_body(log, "ana", urn, facts=younger, created="1960", made_in="CN"), "ana")
    told.move(sale(log, urn, value={"amount": 1_799_999, "currency": "EUR"}, professional=True, **comes))
    return urn


def cross_body(log, kind, by, work, edition=1, **members):
    record = log.records.get(f"edition/{work}/{edition}", {"newest": work, "country": "CN"})
    known = {"delivery": "digital", "from_country": record["country"]}
    return move_body(kind, by, work, record["newest"], edition) | known | members


def without_the_holder(told, sea):
    """bo, who has the sea in FR, takes it to DE; then a court gives it to dee."""
    log = told.log
    refuse = told.refuse_body

    def moves(by="bo", **members):
        return cross_body(log, "move", by, sea, **({"to_country": "DE"} | members))

    refuse("prev_stale", "a move that follows the work", moves(prev=sea), "bo")
    refuse("not_holder", "a move by another", moves("ana"), "ana")
    refuse("country_mismatch", "a move from where it is not", moves(from_country="CN"), "bo")
    refuse("body_invalid", "a move to where it is", moves(to_country="FR"), "bo")
    offer = terms_body("offer", "bo", "cy", sea, moves()["prev"], log.time_ms + DAY_MS, from_country="FR")
    offer = told.take(offer, "bo")
    refuse("offer_stands", "a move under an offer", moves(), "bo")
    told.act(enrol_body(log, "court", "DE", "COURT_ORDER"))
    flag = {"by": key("court"), "country": "DE", "edition": 1, "ground": "stolen", "kind": "flag", "prev": offer}
    flagged = told.take(flag | {"sha256": digest("order"), "work": sea}, "court")
    refuse("encumbered", "a move of what is flagged", moves(), "bo")
    release = move_body("release", "court", sea, flagged) | {"of": flagged}
    told.take(release, "court")
    told.take(move_body("close", "bo", sea, moves()["prev"]), "bo")
    told.take(moves(value={"amount": 5, "currency": "EUR"}), "bo")

    def gives(to="dee", **members):
        known = {"basis": "restitution", "country": "DE", "sha256": digest("order"), "to": key(to), "to_country": "DE"}
        return cross_body(log, "transmit", "court", sea, **(known | members))

    told.take(terms_body("offer", "bo", "cy", sea, moves()["prev"], log.time_ms + DAY_MS, from_country="DE"), "bo")
    refuse("prev_stale", "an order that follows the work", gives(prev=sea), "court", "dee")
    refuse("operator_cannot_own", "to the operator", gives("operator"), "court", "operator")
    refuse("same_holder", "to who holds it", gives("bo"), "court", "bo")
    refuse("country_mismatch", "from where it is not", gives(from_country="CN"), "court", "dee")
    refuse("not_authority", "for a country that it does not speak for", gives(country="FR"), "court", "dee")
    refuse("signature_set", "without the recipient", gives(), "court")
    refuse("body_invalid", "a sale by an authority", gives(basis="sale"), "court", "dee")
    stolen = {"by": key("court"), "country": "DE", "edition": 1, "ground": "stolen", "kind": "flag", "prev": moves()["prev"]}
    told.take(stolen | {"sha256": digest("order"), "work": sea}, "court")
    told.take(gives(), "court", "dee")  # a flag does not keep it from being given back, and an offer is void
    assert "offer" not in log.records[f"edition/{sea}/1"]


def receipt_body(by, work, rule="XX-LICENCE/share", crossing=1, edition=1, **members):
    known = {"crossing": crossing, "edition": edition, "kind": "receipt", "rule": rule, "work": work}
    return {"by": key(by)} | known | members


def receipts(told, sea):
    """The maker's share of the sale of the sea: 4 % of 50 000.00, 3 % of the 1 000.00 above."""
    log = told.log
    assert [one.get("amount") for one in log.records[f"crossing/{sea}/1/1"]["noted"]] == [None, 203_000]

    def refuse(code, what, body, by):
        told.refuse_body(code, what, body, by)

    refuse("work_unknown", "a receipt for no work", receipt_body("ana", digest("none")), "ana")
    refuse("edition_unknown", "a receipt for an edition there is not", receipt_body("ana", sea, edition=3), "ana")
    refuse("nothing_owed", "of a crossing that was none", receipt_body("ana", sea, crossing=2), "ana")
    refuse("nothing_owed", "of a rule that noted nothing", receipt_body("ana", sea, "XX-LICENCE/other"), "ana")
    refuse("nothing_owed", "of a paper that nobody could attest", receipt_body("ana", sea, "XX-LICENCE/licence"), "ana")
    refuse("not_payee", "by who owes it", receipt_body("bo", sea), "bo")
    refuse("not_payee", "by a stranger for a country", receipt_body("cy", sea, country="FR"), "cy")
    refuse("not_payee", "by an authority for other papers", receipt_body("bureau", sea, country="CN"), "bureau")
    refuse("body_invalid", "a rule without its set", receipt_body("ana", sea, "share"), "ana")
    told.act(enrol_body(log, "society", "DE", "ARR_RECEIPT"))
    refuse("not_payee", "by a society for another country", receipt_body("society", sea, country="FR"), "society")
    refuse("not_payee", "by a society that names no country", receipt_body("society", sea), "society")
    told.take(receipt_body("society", sea, country="DE"), "society")
    refuse("nothing_owed", "a receipt again", receipt_body("ana", sea), "ana")
    dream = next(name for name in log.records if name.startswith("crossing/") and sea not in name and "/1/1" in name)
    work = dream.split("/")[1]
    told.take(receipt_body("ana", work, sha256=digest("transfer order")), "ana")


def as_before(log, true, before):
    """The certificate after a document was taken back, with the document's record of before."""
    n, old = next((n, record) for n, record in enumerate(before["records"]) if record["key"].startswith("paper/"))
    for edits in [[{"set": f"/records/{n}", "value": old}], [{"set": f"/records/{n}/record", "value": old["record"]}]]:
        cheats.check_verdict("taken back", cheats.text_of(cheats.altered(true, edits)), log.vkey, cheats.REFUSED)
        yield {"what": "a document that is said not to be taken back", "edits": edits, "verdict": cheats.REFUSED}


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
