"""The register of the test vectors: what happens in it, and what is refused in it."""

import copy
import hashlib

from ledger_format import (
    Refused,
    base64_text,
    key_id,
    key_list_commitment,
    parse_note,
    price_commitment,
    public_of,
    sign_note,
)
from ledger_register import (
    DAY_MS,
    Log,
    digest,
    key,
    keys,
    mint_body,
    move_body,
    profile_body,
    rotate_body,
    seed,
    terms_body,
)
from ledger_rules import judge

ANA = (("ana", "ana 2"), ("ana", "ana 3"))
PRICE = {"amount": 1_250_000, "currency": "EUR", "salt": seed("salt of the price").hex()}


def story():
    """An honest register in which every kind of entry and of record occurs.

    Returns it, as it was before its last batch too, and entry ids by name.
    """
    log, ids = Log(), {}
    ids["ana profile"] = log.take(
        log.sign(profile_body("ana", key("ana"), log.add_card("ana", {"name": "Ana 安娜"})), "ana")
    )
    ids["bo profile"] = log.take(
        log.sign(profile_body("bo", key("bo"), log.add_card("bo", {"name": "Bo"}), "FR"), "bo")
    )
    log.seal()
    next_keys = key_list_commitment(keys("ana 4"))
    body = rotate_body("ana", ids["ana profile"], ("ana 2", "ana 3"), 2, next=next_keys)
    ids["ana rotates"] = log.take(log.sign(body, "ana", *ANA))
    log.seal(1)
    ids["hills"] = log.take(log.sign(hills(log), *ANA, "bo"))
    words = log.add_card("claim", {"titles": [{"lang": "en", "text": "Hills, again"}]})
    body = mint_body("cy", "hills", words, ack_first=ids["hills"], derived_from=[ids["hills"]])
    ids["claim"] = log.take(log.sign(body, "cy"))
    log.seal(1)
    ids["offer"] = log.take(log.sign(offer(log, ids), *ANA))
    log.seal(1)
    ids["accept"] = log.take(log.sign(move_body("accept", "bo", ids["hills"], ids["offer"]), "bo"))
    log.seal(1)
    price = {"amount": 1_300_000, "currency": "EUR"}
    until = log.time_ms + 30 * DAY_MS
    body = terms_body("transfer", "bo", "cy", ids["hills"], ids["accept"], until, from_country="FR", price=price)
    ids["transfer"] = log.take(log.sign(body | {"to_country": "JP"}, "bo", "cy"))
    log.seal(1)
    body = rotate_body("ana", ids["ana rotates"], ("ana 4",), next=key_list_commitment(keys("ana 5", "ana 6")))
    ids["ana rotates again"] = log.take(log.sign(body, *ANA, ("ana", "ana 4")))
    body = rotate_body("operator", key("operator"), ("operator 2",))
    ids["operator rotates"] = log.take(log.sign(body, "operator", ("operator", "operator 2")))
    log.operator_key = "operator 2"
    log.seal(1)
    until = log.time_ms + 30 * DAY_MS
    body = terms_body("offer", "ana", "cy", ids["hills"], ids["hills"], until, edition=2)
    ids["second offer"] = log.take(log.sign(body, ("ana", "ana 4")))
    body = move_body("close", "cy", ids["hills"], ids["second offer"], 2)
    ids["close"] = log.take(log.sign(body, "cy"))
    log.seal(1)
    before = copy.deepcopy(log)
    until = log.time_ms + 300 * DAY_MS
    body = terms_body("offer", "cy", "ana", ids["hills"], ids["transfer"], until, firm=True, from_country="JP")
    ids["last offer"] = log.take(log.sign(body, "cy"))
    log.seal(1)
    return log, before, ids


def hills(log):
    """A mint with every member but `ack_first` and `derived_from`."""
    titles = [{"lang": "zh", "text": "山水"}, {"lang": "en", "text": "Hills and water"}]
    words = log.add_card("hills", {"names": ["Ana 安娜", "Bo"], "titles": titles})
    face = {"bytes": 48_213, "fingerprint": "ISCC:KECYCMZIOY36XXGZ", "media_type": "image/png", "sha256": digest("hills")}
    font = {"bytes": 0, "media_type": "font/woff2", "sha256": digest("font")}
    creators = [{"role": "art", "share_bp": 7_500}, {"account": key("bo"), "role": "clr", "share_bp": 2_500}]
    tree = {"bytes": 9_007_199_254_740_991, "count": 3, "root": digest("tree")}
    return mint_body("ana", "hills", words, creators=creators, files=[face, font], made_in="FR", tree=tree)


def offer(log, ids):
    """A firm offer with every optional member."""
    until = log.time_ms + 10 * DAY_MS
    body = terms_body("offer", "ana", "bo", ids["hills"], ids["hills"], until, firm=True)
    body["card"] = log.add_card("offer", {"note": "on the terms of 2026-11-20"})
    body["documents"] = [{"sha256": digest("paper"), "type": "EXPORT_CERT_ORIGIN"}]
    salt = bytes.fromhex(PRICE["salt"])
    body["price"] = {"commitment": price_commitment(body, PRICE["amount"], PRICE["currency"], salt)}
    return body


# --- What is refused at the end of the story ---


def refused(log, ids):
    """Each: what it is, the leaf, its refusal, and the batch's time. Every one is checked here before it is written."""
    cases = [*rules_refused(log, ids), *form_refused(log), *signatures_refused(log, ids)]
    for case in cases:
        case.setdefault("time_ms", log.time_ms)
        try:
            judge(case["entry"].encode(), log.place(case["time_ms"]), log.records)
        except Refused as found:
            if found.code != case["code"]:
                raise AssertionError(f"{case['what']}: {found}, not {case['code']}") from None
        else:
            raise AssertionError(f"{case['what']} is not refused")
    return cases


def rules_refused(log, ids):
    soon, hills_id, newest = log.time_ms + DAY_MS, ids["hills"], ids["last offer"]
    own = lambda by, face, *names, **more: log.sign(mint_body(by, face, digest("words"), **more), *(names or (by,)))
    second = dict(edition=2, prev=ids["close"])
    ana = ("ana", "ana 4")

    def sale(by, to, *names, days=1, **more):
        terms = dict(work=hills_id, prev=newest, expires_ms=log.time_ms + days * DAY_MS) | more
        return log.sign(terms_body("transfer", by, to, **terms), *(names or (by, to)))

    def case(code, what, entry, **more):
        return {"code": code, "what": what, "entry": entry} | more

    yield case("not_submittable", "the genesis", log.leaves[0])
    yield case("not_submittable", "a seal", log.leaves[-1])
    yield case("repeated", "a mint recorded before", log.sign(claim_again(log, ids), "cy"))
    yield case("work_unknown", "derived from nothing", own("bo", "new", derived_from=[digest("none")]))
    yield case("work_unknown", "like nothing", own("bo", "new", ack_similar=[digest("none")], files=[recognised()]))
    yield case("operator_cannot_own", "a mint by the operator", own("operator", "new", ("operator", "operator 2")))
    yield case("ack_first_missing", "another's face in silence", own("bo", "hills"))
    yield case("ack_first_wrong", "a later work acknowledged", own("bo", "hills", ack_first=ids["claim"]))
    yield case("ack_first_wrong", "a new face acknowledged", own("bo", "new", ack_first=hills_id))
    yield case("ack_first_wrong", "one's own work acknowledged", own("ana", "hills", ana, ack_first=hills_id))
    yield case("face_repeated", "the first face again by its maker", own("ana", "hills", ana))
    yield case("face_repeated", "a claim again", own("cy", "hills", ack_first=hills_id))
    yield case("work_unknown", "a transfer of nothing", sale("cy", "bo", work=digest("none")))
    yield case("edition_unknown", "edition 3 of 2", sale("cy", "bo", edition=3))
    yield case("prev_stale", "sold twice", sale("bo", "ana", "bo", ana, prev=ids["accept"], from_country="FR"))
    yield case("operator_cannot_own", "to the operator", sale("cy", "operator", "cy", ("operator", "operator 2")))
    yield case("not_holder", "sold by a former holder", sale("bo", "dee", from_country="JP"))
    yield case("same_holder", "to oneself", sale("cy", "cy", "cy", from_country="JP"))
    yield case("country_mismatch", "from another country", sale("cy", "bo", from_country="FR"))
    yield case("offer_stands", "past a standing offer", sale("cy", "bo", from_country="JP"))
    yield case("expired", "a transfer too late", sale("ana", "bo", ana, "bo", days=-1, **second))
    yield case("expires_too_late", "valid for 367 days", sale("ana", "bo", ana, "bo", days=367, **second))
    accepting = log.sign(move_body("accept", "ana", hills_id, newest), ana)
    yield case("no_offer", "nothing to accept", log.sign(move_body("accept", "bo", hills_id, ids["close"], 2), "bo"))
    yield case("not_recipient", "an offer to another", log.sign(move_body("accept", "bo", hills_id, newest), "bo"))
    yield case("expired", "an offer that ran out", accepting, time_ms=log.time_ms + 301 * DAY_MS)
    yield case("not_holder", "closed by a stranger", log.sign(move_body("close", "bo", hills_id, newest), "bo"))
    yield case("offer_firm", "a firm offer withdrawn", log.sign(move_body("close", "cy", hills_id, newest), "cy"))
    yield case("prev_stale", "a profile from the start", log.sign(profile_body("bo", key("bo"), digest("b")), "bo"))
    yield case("key_reused", "the first key again", log.sign(rotate_body("bo", ids["bo profile"], ["bo"]), "bo"))
    body = rotate_body("ana", ids["ana rotates again"], ["thief"])
    yield case("next_mismatch", "not the keys promised", log.sign(body, ana, ("ana", "thief")))


CREDENTIALS = {"label": "urn:c2pa:4b9a2f4e-9f0c-4c0e-8f51-2a7d0f6c1b3e", "store": digest("store")}


def recognised():
    """A file with every member."""
    validated = {"signer": digest("certificate"), "state": "trusted", "trust_list": digest("anchors")}
    return {
        "bytes": 48_213,
        "c2pa": CREDENTIALS | validated,
        "dhash": "0f1e2d3c4b5a6978",
        "fingerprint": "ISCC:" + "A" * 164,
        "media_type": "image/png",
        "prep": "image-1",
        "sha256": digest("recognised"),
    }


def claim_again(log, ids):
    words = next(one for one, card in log.cards.items() if "again" in card["text"])
    return mint_body("cy", "hills", words, ack_first=ids["hills"], derived_from=[ids["hills"]])


def form_refused(log):
    """One change to the text of a good mint each, signed anew."""
    good = log.text(mint_body("dee", "new", digest("words")))

    def changed(code, old, new, what=None):
        assert good.count(old) == 1, old
        return {"code": code, "what": what or f"{new} for {old}", "entry": sign_text(good.replace(old, new), "dee")}

    origin, genesis = log.register.origin, log.register.genesis
    creator, licence = '{"role":"art","share_bp":10000}', '"license":"LicenseRef-ARR"'
    source = '"source_type":"digitalCreation"'
    head, file = good.split("\n")[0], '{"bytes":48213,"media_type":"image/png","sha256":"' + digest("new") + '"}'
    for code, old, new in [
        ("entry_malformed", "colophon.entry/v1", "colophon.entry/v2"),
        ("entry_malformed", "colophon.entry/v1", "colophon.genesis/v1"),
        ("entry_malformed", head, f"colophon.genesis/v1 {origin}"),
        ("entry_malformed", head, head + " "),
        ("entry_malformed", head, head.replace(" ", "  ", 1)),
        ("entry_malformed", genesis, genesis.upper()),
        ("entry_malformed", origin, "Registry.example"),
        ("entry_malformed", origin, "registry_example"),
        ("entry_malformed", origin, "registry.example/"),
        ("entry_malformed", origin, "a" * 256),
        ("entry_malformed", "}\n", "}\n\n"),
        ("wrong_origin", origin, "registry.example/arts"),
        ("wrong_origin", origin, "a" * 255),
        ("wrong_genesis", genesis, digest("another")),
        ("body_malformed", '"kind":"mint",', '"kind":"mint"'),
        ("body_malformed", '"editions":2', '"editions":02'),
        ("body_malformed", '"kind":"mint",', ""),
        ("body_malformed", '"kind":"mint"', '"kind":7'),
        ("unknown_kind", '"kind":"mint"', '"kind":"Mint"'),
        ("unknown_member", '"license"', '"licence"'),
        ("unknown_member", '"role"', '"name":"x","role"'),
        ("unknown_member", '"kind":"mint"', '"firm":true,"kind":"mint"'),
        ("body_invalid", '"training":"notAllowed",', ""),
        ("body_invalid", '"training":"notAllowed"', '"training":"notallowed"'),
        ("body_invalid", '"editions":2', '"editions":0'),
        ("body_invalid", '"editions":2', '"editions":10001'),
        ("body_invalid", '"editions":2', '"editions":2.0'),
        ("body_invalid", '"editions":2', '"editions":-2'),
        ("body_invalid", '"editions":2', '"editions":"2"'),
        ("body_invalid", '"editions":2', '"editions":true'),
        ("body_invalid", '"editions":2', '"editions":2,"editions":2'),
        ("body_invalid", "48213", "9007199254740992"),
        ("body_invalid", "10000", "9999"),
        ("body_invalid", "10000", "10001"),
        ("body_invalid", '[{"role":"art","share_bp":10000}]', "[]"),
        ("body_invalid", creator, ",".join([creator.replace("10000", "625")] * 16 + [creator.replace("10000", "0")])),
        ("body_invalid", '"role":"art"', '"role":"artist"'),
        ("body_invalid", "2026-11", "2026-13"),
        ("body_invalid", "2026-11", "2026-1"),
        ("body_invalid", "2026-11", "2026-11-23T00:00"),
        ("body_invalid", '"country":"CN"', '"country":"cn"'),
        ("body_invalid", '"country":"CN"', '"country":"CHN"'),
        ("body_invalid", "LicenseRef-ARR", "All rights"),
        ("body_invalid", "LicenseRef-ARR", "Lizenz-ä"),
        ("body_invalid", "LicenseRef-ARR", "a" * 201),
        ("body_invalid", "LicenseRef-ARR", ""),
        ("body_invalid", "image/png", "image/PNG"),
        ("body_invalid", "image/png", "image"),
        ("body_invalid", digest("new"), digest("new").upper()),
        ("body_invalid", file, file + "," + file),
        ("body_invalid", '"editions":2', '"derived_from":[],"editions":2'),
        ("body_invalid", f'"by":"{key("dee")}"', f'"by":"{key("dee")[:-1]}"'),
        ("body_invalid", '"digital_image"', '"digital image"'),
        ("body_not_canonical", '"editions":2', '"editions": 2'),
        ("body_not_canonical", f"{licence},{source}", f"{source},{licence}"),
        ("body_not_canonical", '"mint"', '"m\\u0069nt"'),
        ("body_not_canonical", "image/png", "image\\/png"),
        ("body_not_canonical", '"training"', '"made_in":null,"training"'),
        ("body_not_canonical", "}\n", "} \n"),
    ]:
        yield changed(code, old, new)
    for what, body in misfits():
        yield {"code": "body_invalid", "what": what, "entry": log.sign(body, "dee")}
    listed = log.text({}).replace("{}", '["mint"]')
    yield {"code": "body_malformed", "what": "a list for a body", "entry": sign_text(listed, "dee")}
    body = terms_body("offer", "dee", "bo", digest("w"), digest("w"), log.time_ms)
    body["price"] = {"amount": 5, "currency": "EUR", "tax": 1}
    yield {"code": "unknown_member", "what": "a price with a tax", "entry": log.sign(body, "dee")}
    body = terms_body("transfer", "dee", "bo", digest("w"), digest("w"), log.time_ms, firm=True)
    yield {"code": "unknown_member", "what": "a firm transfer", "entry": log.sign(body, "dee", "bo")}


def misfits():
    """Bodies of other kinds that no rule is asked about."""
    rotate = rotate_body("dee", key("dee"), ["dee 2", "dee 3"])
    terms = terms_body("offer", "dee", "bo", digest("w"), digest("w"), 7)
    paper = {"sha256": digest("p"), "type": "INVOICE"}
    yield "a threshold above the number of keys", rotate | {"threshold": 3}
    yield "a threshold of none", rotate | {"threshold": 0}
    yield "keys out of order", rotate | {"keys": rotate["keys"][::-1]}
    yield "a key twice", rotate | {"keys": rotate["keys"][:1] * 2}
    yield "no keys", rotate | {"keys": []}
    yield "17 keys", rotate | {"keys": keys(*(f"dee {n}" for n in range(2, 19)))}
    yield "prev is neither account nor entry", rotate | {"prev": "z6Mk"}
    yield "firm is false", terms | {"firm": False}
    yield "no documents", terms | {"documents": []}
    yield "17 documents", terms | {"documents": [paper] * 17}
    yield "a document's type in lower case", terms | {"documents": [paper | {"type": "invoice"}]}
    yield "a price without a currency", terms | {"price": {"amount": 5}}
    yield "a negative price", terms | {"price": {"amount": -5, "currency": "EUR"}}
    yield "edition 0", terms | {"edition": 0}
    yield "another basis", terms | {"basis": "theft"}
    yield "expires_ms past 2^53 - 1", terms | {"expires_ms": 2**53}
    for what, members in [
        ("credentials of another state", {"state": "good"}),
        ("a signer of credentials that were not validated", {"signer": digest("certificate")}),
        ("a trust list of credentials that were not validated", {"trust_list": digest("anchors")}),
        ("credentials trusted by no list", {"signer": digest("certificate"), "state": "trusted"}),
        ("a signer of invalid credentials", {"signer": digest("certificate"), "state": "invalid"}),
        ("a signer by name", {"signer": "Ana", "state": "valid"}),
    ]:
        yield what, mint_body("dee", "new", digest("words"), files=[recognised() | {"c2pa": CREDENTIALS | members}])


def sign_text(text, name):
    """The note of any text at all, signed with the first key of `name`."""
    return sign_note(text, [(key(name), seed(name))])


def signatures_refused(log, ids):
    """A good entry under signatures that are not the ones it needs."""
    body = mint_body("ana", "new", digest("words"), creators=[{"account": key("bo"), "role": "art", "share_bp": 10_000}])
    text, ana = log.text(body), ("ana", "ana 4")
    good = log.sign(body, ana, "bo")
    judge(good.encode(), log.place(), log.records)
    lines = good.partition("\n\n")[2].splitlines(keepends=True)
    put = lambda *lines: text + "\n" + "".join(lines)

    def case(code, what, entry):
        return {"code": code, "what": what, "entry": entry}

    yield case("signature_set", "a creator has not signed", log.sign(body, ana))
    yield case("signature_set", "the maker has not signed", log.sign(body, "bo"))
    yield case("signature_set", "a stranger signed too", log.sign(body, ana, "bo", "cy"))
    yield case("signature_set", "by a key rotated away", log.sign(body, ("ana", "ana 2"), "bo"))
    yield case("signature_set", "by a key rotated away beside the right one", log.sign(body, ana, ("ana", "ana"), "bo"))
    yield case("signature_set", "by a key of nobody", log.sign(body, ("ana", "thief"), "bo"))
    yield case("signature_set", "the lines the other way round", put(*lines[::-1]))
    yield case("signature_set", "one line twice", put(lines[0], lines[0], lines[1]))
    yield case("signature_set", "a name that is no account", put(f"— ana {lines[0].split(' ')[2]}", *lines))
    yield case("entry_malformed", "no signature", text + "\n")
    yield case("entry_malformed", "no empty line", text + "".join(lines))
    yield case("entry_malformed", "a carriage return", good[:-1] + "\r\n")
    yield case("entry_malformed", "an empty line after", good + "\n")
    yield case("entry_malformed", "a minus for the dash", put(lines[0].replace("—", "-"), lines[1]))
    yield case("entry_malformed", "base64 without padding", put(lines[0].replace("=", ""), lines[1]))
    yield case("entry_malformed", "33 lines", put(*(lines[:1] * 33)))
    for what, forged in forgeries(text):
        yield case("signature_invalid", what, forged)


def forgeries(text):
    """Signatures of one line that some libraries take and the strict rule does not. `dee` stands for the maker."""
    text = text.replace(key("ana"), key("dee")).replace(key("bo"), key("dee"))
    seed_bytes, public = seed("dee"), public_of(seed("dee"))
    order = 2**252 + 27742317777372353535851937790883648493
    secret = int.from_bytes(hashlib.sha512(seed_bytes).digest()[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    number = key_id(key("dee"), public)
    _, [(_, _, honest)] = parse_note(sign_text(text, "dee").encode(), 1)

    def forged(r, s):
        return f"{text}\n— {key('dee')} {base64_text(number + r + s.to_bytes(32, 'little'))}\n"

    s = int.from_bytes(honest[32:], "little")
    yield "another text's signature", forged(*_parts(sign_text("x\n", "dee")))
    yield "S plus the order of the group", forged(honest[:32], s + order)
    identity = (1).to_bytes(32, "little")
    h = int.from_bytes(hashlib.sha512(identity + public + text.encode()).digest(), "little") % order
    yield "R is the point of order 1", forged(identity, h * secret % order)
    yield "a signature of zeros", forged(bytes(32), 0)
    yield "63 bytes", f"{text}\n— {key('dee')} {base64_text(number + honest[:63])}\n"


def _parts(note):
    _, [(_, _, signature)] = parse_note(note.encode(), 1)
    return signature[:32], int.from_bytes(signature[32:], "little")
