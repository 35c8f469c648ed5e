"""Entries as docs/spec.md has them: the grammar of every field, the members of every kind, and reading a leaf."""

import re
from dataclasses import dataclass

from ledger_format import (
    EDITIONS_MAX,
    ENTRY_BYTES_MAX,
    INTEGER_MAX,
    SIGNATURES_MAX,
    Refused,
    canonical,
    parse_json,
    parse_note,
    sha256,
    unbase64,
    unmultikey,
    unvkey,
)

CHAIN = ("profile", "rotate", "carry_account")
ACTS = ("log_key", "upgrade", "retire", "rules", "authority")
ENTRY_TAG = "colophon.entry/v1"
GENESIS_TAG = "colophon.genesis/v1"


# --- Shapes: a shape is a function that refuses a value or returns nothing ---


def invalid(why):
    return Refused("body_invalid", why)


def text(pattern, size=INTEGER_MAX):
    def check(value):
        if not isinstance(value, str) or len(value) > size or not re.fullmatch(pattern, value):
            raise invalid(f"{str(value)[:80]!r} does not match {pattern}")

    return check


def integer(low, high):
    def check(value):
        if type(value) is not int or not low <= value <= high:
            raise invalid(f"{str(value)[:80]} is not an integer from {low} to {high}")

    return check


def items(shape, low, high):
    def check(value):
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise invalid(f"not a list of {low} to {high}")
        for item in value:
            shape(item)

    return check


def members(required, optional=None):
    """An object with exactly these members. An optional member that is null is left to the check of the spelling."""
    known = required | (optional or {})

    def check(value):
        if not isinstance(value, dict):
            raise invalid("not an object")
        for name in value:
            if name not in known:
                raise Refused("unknown_member", name)
        for name in required:
            if name not in value:
                raise invalid(f"{name} is missing")
        for name, item in value.items():
            if item is not None or name in required:
                known[name](item)

    return check


def one_of(*words):
    return text("|".join(words))


def account(value):
    try:
        unmultikey(value)
    except (TypeError, ValueError) as error:
        raise invalid(f"{str(value)[:80]!r}: {error}") from None


def account_prev(value):
    (account if isinstance(value, str) and value.startswith("z") else DIGEST)(value)


def date(value):
    text("[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")(value)
    for part, most in zip(value.split("-")[1:], (12, 31)):
        integer(1, most)(int(part))


def boolean(value):
    if type(value) is not bool:
        raise invalid("neither true nor false")


def true(value):
    if value is not True:
        raise invalid("false is written by leaving the member out")


def ascending(values):
    return all(one < other for one, other in zip(values, values[1:]))


def key_list(value):
    items(account, 1, 16)(value)
    if not ascending(value):
        raise invalid("keys stand in strictly ascending order")


def creators(value):
    items(CREATOR, 1, 16)(value)
    if sum(creator["share_bp"] for creator in value) != 10_000:
        raise invalid("shares are 10000 together")


def files(value):
    items(FILE, 1, 16)(value)
    if len({file["sha256"] for file in value}) != len(value):
        raise invalid("a file stands there twice")


def governors(value):
    items(account, 1, 16)(value)
    if not ascending(value):
        raise invalid("governors stand in strictly ascending order")


def log_vkey(value):
    """A verifier key of the log. That it is one of type 01 can be said of the text alone."""
    try:
        unvkey(value)
    except (AttributeError, TypeError, ValueError) as error:
        raise invalid(f"log_vkey: {error}") from None


def price(value):
    (members({"commitment": DIGEST}) if isinstance(value, dict) and "commitment" in value else MONEY)(value)


DIGEST = text("[0-9a-f]{64}")
COUNTRY = text("[A-Z]{2}")
CURRENCY = text("[A-Z]{3}")
ROLE = text("[a-z]{3}")
WORK_KIND = text("[a-z0-9_]{1,32}")
SOURCE_TYPE = text("[A-Za-z]{1,64}")
LICENSE = text("[!-~]{1,200}")
MEDIA_TYPE = text("[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*", 127)
FINGERPRINT = text("[A-Za-z0-9:+/=_-]{1,256}")
DOCUMENT_TYPE = text("[A-Z0-9_]{1,48}")
ORIGIN = text("(?!cosignature/v1$)[a-z0-9.-]+(/[a-z0-9._-]+)*", 255)
COUNT = integer(0, INTEGER_MAX)
EDITION = integer(1, EDITIONS_MAX)

CREATOR = members({"role": ROLE, "share_bp": integer(0, 10_000)}, {"account": account})
CREDENTIALS = members(
    {"label": text("[!-~]{1,200}"), "store": DIGEST},
    {"signer": DIGEST, "state": one_of("valid", "trusted", "invalid"), "trust_list": DIGEST},
)


def credentials(value):
    CREDENTIALS(value)
    # A member that is null counts as absent here, and is left to the check of the spelling.
    state, signer, trust_list = (value.get(name) for name in ("state", "signer", "trust_list"))
    if state is None and trust_list or signer and state in (None, "invalid"):
        raise invalid("trust_list stands beside a state, signer beside valid or trusted")
    if state == "trusted" and trust_list is None:
        raise invalid("nothing is trusted without a trust_list")


FILE = members(
    {"bytes": COUNT, "media_type": MEDIA_TYPE, "sha256": DIGEST},
    {
        "c2pa": credentials,
        "dhash": text("[0-9a-f]{16}"),
        "fingerprint": FINGERPRINT,
        "prep": text("[a-z0-9.+-]{1,48}"),
    },
)
TREE = members({"bytes": COUNT, "count": integer(1, INTEGER_MAX), "root": DIGEST})
MONEY = members({"amount": COUNT, "currency": CURRENCY})
DOCUMENT = members({"sha256": DIGEST, "type": DOCUMENT_TYPE})
WIDE = integer(0, 2**64 - 1)
BASIS = one_of("sale", "auction", "gift", "donation", "exchange", "return")
DELIVERY = one_of("digital", "physical", "rights")


def base64_digest(value):
    try:
        if len(unbase64(value)) != 32:
            raise ValueError("not 32 bytes")
    except (AttributeError, ValueError) as error:
        raise invalid(str(error)) from None


def carried(record):
    """A record of the predecessor with its proof; `record` is the shape of its text."""
    other = members({"key": base64_digest, "value": base64_digest})
    return members({"path": items(base64_digest, 0, 256)}, {"other": other, "record": record})


ACCOUNT_RECORD = members(
    {"keys": items(account, 0, INTEGER_MAX), "newest": DIGEST, "threshold": WIDE},
    {"carried": true, "next": DIGEST, "rotated": WIDE},
)
OFFER_RECORD = members(
    {
        "basis": BASIS,
        "delivery": DELIVERY,
        "expires_ms": WIDE,
        "firm": boolean,
        "index": WIDE,
        "to": account,
        "to_country": COUNTRY,
    },
    {"price": price, "professional": true, "value": MONEY},
)
GROUND = one_of("disputed", "frozen", "stolen")
ENCUMBRANCE_RECORD = members(
    {"entry": DIGEST, "index": WIDE, "kind": one_of("flag", "lien", "loan"), "of": account},
    {"country": COUNTRY, "ground": GROUND, "until": lambda value: day(value)},
)
EDITION_RECORD = members(
    {"country": COUNTRY, "holder": account, "newest": DIGEST, "since_ms": WIDE, "transfers": WIDE},
    {
        "allegations": WIDE,
        "encumbrances": items(ENCUMBRANCE_RECORD, 0, INTEGER_MAX),
        "judged": WIDE,
        "offer": OFFER_RECORD,
        "rules": DIGEST,
    },
)
HERITAGE_WORD = text("[a-z_]{1,32}")
AI = members(
    {"human": one_of("none", "prompt", "selection", "edit", "substantial")}, {"label": one_of("gb45438-2025", "eu-aiact-50")}
)
FACTS = members(
    {},
    {
        "age": one_of("lt50", "50_100", "100_200", "200_250", "gt250"),
        "ai": AI,
        "category": HERITAGE_WORD,
        "cpc": text("[0-9]{1,5}"),
        "died": integer(0, 9999),
        "ebops": text("S[A-Z0-9]{1,7}"),
        "fcs": members({"domain": text("[A-H]"), "version": text("fcs[0-9]{4}")}),
        "hs": text("[0-9]{6}"),
        "protection": HERITAGE_WORD,
    },
)
AMENDED = members({"count": WIDE, "newest": DIGEST})
WORK_RECORD = members(
    {
        "country": COUNTRY,
        "created": date,
        "editions": WIDE,
        "index": WIDE,
        "maker": account,
        "minted_ms": WIDE,
        "source_type": SOURCE_TYPE,
    },
    {"amended": AMENDED, "carried": true, "facts": FACTS, "made_in": COUNTRY},
)
PREDECESSOR = members(
    {"genesis": DIGEST, "origin": ORIGIN, "root": DIGEST, "size": integer(1, INTEGER_MAX), "state": DIGEST}
)
TERMS = {
    "basis": BASIS,
    "by": account,
    "delivery": DELIVERY,
    "edition": EDITION,
    "expires_ms": COUNT,
    "from_country": COUNTRY,
    "kind": one_of("transfer", "offer"),
    "prev": DIGEST,
    "to": account,
    "to_country": COUNTRY,
    "work": DIGEST,
}
TERMS_OPTIONAL = {
    "card": DIGEST,
    "documents": items(DOCUMENT, 1, 16),
    "price": price,
    "professional": true,
    "value": MONEY,
}
SUCCESSOR = members({"founding": DIGEST, "origin": ORIGIN})
ACT = {"by": account, "governors": governors, "prev": DIGEST}
MOVE = {"by": account, "edition": EDITION, "prev": DIGEST, "work": DIGEST}

UPGRADE = members(
    ACT | {"kind": one_of("upgrade")},
    {
        "height": integer(1, INTEGER_MAX),
        "rules": integer(2, INTEGER_MAX),
        "void": items(integer(1, INTEGER_MAX), 1, 64),
    },
)


def upgrade(body):
    UPGRADE(body)
    void = body.get("void", [])
    if ("height" in body) != ("rules" in body) or not (void or "rules" in body):
        raise invalid("height and rules stand together, or something is voided")
    if any(one >= other for one, other in zip(void, void[1:])):
        raise invalid("void is not in strictly ascending order")


def day(value):
    text("[0-9]{4}-[0-9]{2}-[0-9]{2}")(value)
    date(value)


ABOUT = {"account": account, "edition": EDITION, "work": DIGEST}
ATTEST = members(
    {"by": account, "kind": one_of("attest"), "sha256": DIGEST, "type": DOCUMENT_TYPE},
    ABOUT | {"card": DIGEST, "prev": DIGEST, "valid_from": day, "valid_to": day},
)
REVOKE = members({"by": account, "kind": one_of("revoke"), "prev": DIGEST, "type": DOCUMENT_TYPE}, ABOUT)


KINDS = {
    "genesis": members(
        {
            "by": account,
            "governor_threshold": integer(1, 16),
            "governors": items(account, 1, 16),
            "kind": one_of("genesis"),
            "log_vkey": text("[!-~]+"),
            "nonce": DIGEST,
            "operators": items(account, 1, 16),
            "rules": integer(0, 2**64 - 1),
        },
        {"succeeds": PREDECESSOR},
    ),
    "profile": members(
        {"by": account, "card": DIGEST, "country": COUNTRY, "kind": one_of("profile"), "prev": account_prev}
    ),
    "rotate": members(
        {
            "by": account,
            "keys": key_list,
            "kind": one_of("rotate"),
            "prev": account_prev,
            "threshold": integer(1, 16),
        },
        {"next": DIGEST},
    ),
    "mint": members(
        {
            "by": account,
            "card": DIGEST,
            "country": COUNTRY,
            "created": date,
            "creators": creators,
            "editions": EDITION,
            "files": files,
            "kind": one_of("mint"),
            "license": LICENSE,
            "source_type": SOURCE_TYPE,
            "training": one_of("allowed", "notAllowed", "constrained"),
            "work_kind": WORK_KIND,
        },
        {
            "ack_first": DIGEST,
            "ack_similar": items(DIGEST, 1, 16),
            "derived_from": items(DIGEST, 1, 16),
            "facts": FACTS,
            "made_in": COUNTRY,
            "tree": TREE,
        },
    ),
    "transfer": members(TERMS, TERMS_OPTIONAL),
    "offer": members(TERMS, TERMS_OPTIONAL | {"firm": true}),
    "accept": members(MOVE | {"kind": one_of("accept")}),
    "close": members(MOVE | {"kind": one_of("close")}),
    "log_key": members(ACT | {"kind": one_of("log_key"), "log_vkey": log_vkey}),
    "upgrade": upgrade,
    "retire": members(ACT | {"kind": one_of("retire")}, {"successor": SUCCESSOR}),
    "rules": members(
        ACT
        | {
            "citation": text("[ -~]{1,400}"),
            "height": integer(1, INTEGER_MAX),
            "jurisdiction": text("[A-Z]{2,3}"),
            "kind": one_of("rules"),
            "name": text("[A-Z0-9-]{1,32}"),
            "schema": integer(1, 1),
        },
        {"text": items(text("[ -~]{0,1000}"), 1, 1_024)},
    ),
    "authority": members(
        ACT | {"account": account, "country": COUNTRY, "kind": one_of("authority")}, {"types": items(DOCUMENT_TYPE, 1, 64)}
    ),
    "attest": ATTEST,
    "revoke": REVOKE,
    "flag": members(
        {"by": account, "edition": EDITION, "ground": GROUND, "kind": one_of("flag"), "work": DIGEST},
        {"card": DIGEST, "country": COUNTRY, "prev": DIGEST, "sha256": DIGEST},
    ),
    "lien": members(MOVE | {"creditor": account, "kind": one_of("lien")}, {"card": DIGEST, "sha256": DIGEST}),
    "loan": members(MOVE | {"borrower": account, "kind": one_of("loan")}, {"card": DIGEST, "until": day}),
    "release": members(MOVE | {"kind": one_of("release")}, {"of": DIGEST}),
    "move": members(
        MOVE | {"delivery": DELIVERY, "from_country": COUNTRY, "kind": one_of("move"), "to_country": COUNTRY},
        {"card": DIGEST, "value": MONEY},
    ),
    "transmit": members(
        MOVE
        | {
            "basis": one_of("court_order", "inheritance", "restitution"),
            "country": COUNTRY,
            "delivery": DELIVERY,
            "from_country": COUNTRY,
            "kind": one_of("transmit"),
            "sha256": DIGEST,
            "to": account,
            "to_country": COUNTRY,
        },
        {"card": DIGEST, "value": MONEY},
    ),
    "amend": members(
        {"by": account, "kind": one_of("amend"), "prev": DIGEST, "work": DIGEST},
        {"card": DIGEST, "created": date, "facts": FACTS, "made_in": COUNTRY, "source_type": SOURCE_TYPE},
    ),
    "receipt": members(
        {
            "by": account,
            "crossing": integer(1, INTEGER_MAX),
            "edition": EDITION,
            "kind": one_of("receipt"),
            "rule": text("[A-Z0-9-]{1,32}/[a-z0-9-]{1,32}"),
            "work": DIGEST,
        },
        {"card": DIGEST, "country": COUNTRY, "sha256": DIGEST},
    ),
    "carry_account": members(
        {"account": account, "by": account, "kind": one_of("carry_account"), "proof": carried(ACCOUNT_RECORD)}
    ),
    "carry_edition": members(
        {
            "by": account,
            "edition": EDITION,
            "edition_proof": carried(EDITION_RECORD),
            "kind": one_of("carry_edition"),
            "work": DIGEST,
            "work_proof": carried(WORK_RECORD),
        },
        {"mint": lambda value: members({"body": KINDS["mint"], "genesis": DIGEST, "origin": ORIGIN})(value)},
    ),
    "seal": members(
        {
            "by": account,
            "count": integer(1, 1_000),
            "first": COUNT,
            "height": COUNT,
            "kind": one_of("seal"),
            "prev_seal": DIGEST,
            "rules": integer(1, INTEGER_MAX),
            "state": DIGEST,
            "time_ms": COUNT,
        }
    ),
}


def parse_body(line):
    try:
        body = parse_json(line)
    except (ValueError, RecursionError) as error:
        raise Refused("body_malformed", str(error)) from None
    if not isinstance(body, dict) or not isinstance(body.get("kind"), str):
        raise Refused("body_malformed", "not an object that names a kind")
    if body["kind"] not in KINDS:
        raise Refused("unknown_kind", body["kind"][:40])
    KINDS[body["kind"]](body)
    if canonical(without_nulls(body)) != line:
        raise Refused("body_not_canonical")
    check_together(body)
    return body


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def check_together(body):
    """What members say together."""
    if body["kind"] == "rotate" and body["threshold"] > len(body["keys"]):
        raise invalid("threshold is more than there are keys")
    if body["kind"] in ACTS and body["by"] != body["governors"][0]:
        raise invalid("by is the first of the governors")
    if body["kind"] == "authority" and not ascending(body.get("types", [])):
        raise invalid("types stand in strictly ascending order")
    if body["kind"] in ("attest", "revoke"):
        if ("account" in body) == ("work" in body) or ("edition" in body and "work" not in body):
            raise invalid("it is about an account, a work, or an edition of a work")
        if body.get("valid_from", "") > body.get("valid_to", "9999-12-31"):
            raise invalid("valid_to is before valid_from")
    if body["kind"] == "flag" and "country" in body and not {"prev", "sha256"} <= body.keys():
        raise invalid("an authority's flag has prev and sha256")
    if body["by"] in (body.get("creditor"), body.get("borrower")):
        raise invalid("a lien or a loan is of another account than the holder")
    if body["kind"] == "move" and body["from_country"] == body["to_country"]:
        raise invalid("a move leads to another country")
    if body["kind"] == "amend" and not {"created", "facts", "made_in", "source_type"} & body.keys():
        raise invalid("it amends nothing")
    if body["kind"] == "genesis":
        if body["rules"] != 1:
            raise Refused("unknown_member", f"rules:{body['rules']}")
        if not ascending(body["operators"]) or not ascending(body["governors"]):
            raise invalid("operators and governors stand in strictly ascending order")
        if body["by"] != body["operators"][0] or body["governor_threshold"] > len(body["governors"]):
            raise invalid("by is the first operator, and the threshold no more than there are governors")


# --- Entries ---


@dataclass(frozen=True)
class Entry:
    id: str
    origin: str
    genesis: str | None
    body: dict
    text: str
    lines: list

    @property
    def kind(self):
        return self.body["kind"]

    @property
    def by(self):
        return self.body["by"]


def entry_text(origin, genesis, body):
    first = f"{GENESIS_TAG} {origin}" if genesis is None else f"{ENTRY_TAG} {origin} {genesis}"
    return f"{first}\n{canonical(body)}\n"


def entry_id(signed_text):
    return sha256(signed_text.encode()).hex()


def parse_entry(leaf):
    if len(leaf) > ENTRY_BYTES_MAX:
        raise Refused("entry_too_large")
    try:
        signed_text, lines = parse_note(leaf, SIGNATURES_MAX)
        tag_line, body_line, end = signed_text.split("\n")
        tag, origin, *genesis = tag_line.split(" ")
        if end or (tag, len(genesis)) not in ((ENTRY_TAG, 1), (GENESIS_TAG, 0)):
            raise ValueError("not a tag line and a body line")
    except ValueError as error:
        raise Refused("entry_malformed", str(error)) from None
    try:
        ORIGIN(origin)
        for one in genesis:
            DIGEST(one)
    except Refused as refused:
        raise Refused("entry_malformed", str(refused)) from None
    body = parse_body(body_line)
    if (body["kind"] == "genesis") != (tag == GENESIS_TAG):
        raise Refused("entry_malformed", "its tag does not fit its kind")
    return Entry(entry_id(signed_text), origin, genesis[0] if genesis else None, body, signed_text, lines)


def signers(body):
    """The accounts whose thresholds must sign."""
    if body["kind"] == "genesis":
        return sorted({*body["operators"], *body["governors"]})
    if body["kind"] == "mint":
        return sorted({body["by"]} | {one["account"] for one in body["creators"] if "account" in one})
    if body["kind"] in ("transfer", "transmit"):
        return sorted({body["by"], body["to"]})
    if body["kind"] in ("lien", "loan"):
        return sorted({body["by"], body.get("creditor") or body["borrower"]})
    if body["kind"] in ACTS:
        return body["governors"]
    return [body["by"]]


def accounts_of(body):
    """The accounts that have a part in an entry."""
    if body["kind"] == "carry_edition":
        stood = body["edition_proof"].get("record", {})
        there = [stood.get("holder"), body["work_proof"].get("record", {}).get("maker")]
        there += [one["of"] for one in stood.get("encumbrances", []) if one["kind"] != "loan"]
        return {*signers(body), *filter(None, there)}
    return {*signers(body)} | ({body["to"]} if body["kind"] == "offer" else set())


def about(body):
    """What a document is about."""
    if "account" in body:
        return f"account/{body['account']}"
    return f"edition/{body['work']}/{body['edition']}" if "edition" in body else f"work/{body['work']}"


def paper_name(body):
    """The name of the record that an attestation writes."""
    return f"paper/{about(body)}/{body['type']}/{body['by']}"


def hangs_beside(body):
    """Whether an entry about an edition is none of its chain."""
    beside = {"flag": "country" not in body, "release": "of" not in body}
    return body["kind"] in ("attest", "revoke", "receipt") or beside.get(body["kind"], False)


def log_key(genesis):
    """The verifier key that a genesis names, whose name is the origin."""
    try:
        name, _ = unvkey(genesis.body["log_vkey"])
    except ValueError as error:
        raise invalid(f"log_vkey: {error}") from None
    if name != genesis.origin:
        raise invalid("log_vkey has another name than the origin")
    return genesis.body["log_vkey"]
