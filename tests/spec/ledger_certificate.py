"""The offline verification of a certificate, step by step as docs/spec.md numbers it."""


import re

import ledger_entries as shapes
from ledger_entries import ACTS, CHAIN, accounts_of, members, parse_entry, text
from ledger_format import (
    MAYBE_NEWER,
    Failed,
    NeedsNewer,
    Refused,
    canonical,
    card_digest,
    check_card,
    check_state,
    inclusion_root,
    leaf_hash,
    open_checkpoint,
    parse_json,
    sha256,
    state_key,
    unbase64,
)
from ledger_rules import (
    RULES_VERSION,
    Place,
    apply,
    check_register,
    check_signatures,
    current_edition,
    key_in_force,
    read_genesis,
)

CERTIFICATE_BYTES_MAX = 64 * 1024 * 1024
INDEX_MAX = 2**63 - 1


def base64_hash(value):
    try:
        if len(unbase64(value)) != 32:
            raise ValueError("not 32 bytes")
    except (AttributeError, ValueError) as error:
        raise shapes.invalid(str(error)) from None


def whole(required, optional=None):
    """Members of a certificate: what lacks one is none; only what has all of them may be of a later version."""
    shape = members(required, optional)

    def check(value):
        if isinstance(value, dict) and not required.keys() <= value.keys():
            raise shapes.invalid("a member is missing")
        shape(value)

    return check


ANY_TEXT = text("(?s).*")
HASHES = shapes.items(base64_hash, 0, 1 << 20)
CARD = whole({"salt": shapes.DIGEST, "text": ANY_TEXT})
PROVED_ENTRY = whole({"entry": ANY_TEXT, "index": shapes.integer(0, INDEX_MAX), "proof": HASHES})
OTHER = whole({"key": base64_hash, "value": base64_hash})
PROVED_RECORD = whole({"key": ANY_TEXT, "path": HASHES}, {"other": OTHER, "record": ANY_TEXT})
CERTIFICATE = whole(
    {
        "cards": shapes.items(CARD, 0, 1 << 20),
        "checkpoint": ANY_TEXT,
        "edition": shapes.integer(1, INDEX_MAX),
        "entries": shapes.items(PROVED_ENTRY, 1, 1 << 20),
        "format": text("colophon\\.certificate/v1"),
        "records": shapes.items(PROVED_RECORD, 1, 1 << 20),
        "work": shapes.DIGEST,
    }
)


NOTED = members(
    {"of": text("[A-Za-z]+"), "owed": shapes.boolean, "rule": text("[!-~]+"), "type": shapes.DOCUMENT_TYPE},
    {
        "amount": shapes.COUNT,
        "currency": shapes.CURRENCY,
        "receipt": members({"by": shapes.account, "entry": shapes.DIGEST, "index": shapes.WIDE}),
        "within_days": shapes.COUNT,
    },
)
COUNTED = members({"attest": shapes.DIGEST, "of": shapes.items(text("[A-Za-z]+"), 1, 1 << 10)})
CORRIDOR = members({"sets": shapes.items(members({"digest": shapes.DIGEST, "name": text("[A-Z0-9-]{1,32}")}), 1, 64)})
ALLEGED = members({"by": shapes.account, "entry": shapes.DIGEST, "ground": shapes.GROUND, "index": shapes.WIDE})
ALLEGATIONS = members({"open": shapes.items(ALLEGED, 0, 1 << 20)})
CROSSING = members(
    {
        "giver": shapes.account,
        "index": shapes.WIDE,
        "noted": shapes.items(NOTED, 0, 1 << 20),
        "papers": shapes.items(COUNTED, 0, 1 << 20),
        "recipient": shapes.account,
        "rules": shapes.DIGEST,
    }
)


def ensure(holds, why):
    if not holds:
        raise Failed(why)


def verify(data, vkey):
    """Checks a certificate against the key of its log and returns what it proves; numbers are those of the spec."""
    try:
        certificate = read(data)
        walk = Walk(certificate, vkey)
        walk.replay()
        walk.check_records()
        walk.check_cards()
        return walk.facts()
    except Refused as refused:
        if refused.code in MAYBE_NEWER:
            raise NeedsNewer(str(refused)) from None
        raise Failed(str(refused)) from None
    except (ValueError, RecursionError) as error:
        raise Failed(str(error)) from None


def read(data):
    """1: one line of canonical JSON with exactly the members of a certificate."""
    ensure(len(data) <= CERTIFICATE_BYTES_MAX, "larger than a certificate may be")
    line = data.decode()
    value = parse_json(line)
    version = str(isinstance(value, dict) and value.get("format")).removeprefix("colophon.certificate/v")
    if re.fullmatch("[2-9]|[1-9][0-9]{1,3}", version):
        raise NeedsNewer(f"certificates of version {version}")
    CERTIFICATE(value)
    ensure((canonical(value) + "\n").encode() == data, "not byte for byte as certificates are written")
    return value


def check_version(leaf):
    """Stops at a rules version not known here before anything is judged by the rules that are."""
    try:
        body = parse_json(leaf.decode().split("\n")[1])
    except (IndexError, ValueError, Refused):
        return
    if isinstance(body, dict) and body.get("kind") in ("genesis", "seal") and body.get("rules") != RULES_VERSION:
        raise NeedsNewer(f"rules version {str(body.get('rules'))[:20]}")


class Walk:
    """The replay of a certificate's entries."""

    def __init__(self, certificate, vkey):
        self.certificate, self.records, self.steps, self.minted = certificate, {}, [], None
        self.size, root = open_checkpoint(certificate["checkpoint"], vkey)  # 2
        indices = [proved["index"] for proved in certificate["entries"]]
        ensure(shapes.ascending(indices), "entries stand in ascending order, none twice")  # 3
        ensure(indices[0] == 0, "the genesis is missing")
        ensure(indices[-1] == self.size - 1, "the newest seal is missing")
        leaves = [proved["entry"].encode() for proved in certificate["entries"]]
        for leaf, proved in zip(leaves, certificate["entries"]):  # 4
            proof = [unbase64(sibling) for sibling in proved["proof"]]
            found = inclusion_root(leaf_hash(leaf), proved["index"], self.size, proof) if len(proof) < 64 else None
            ensure(found == root, f"the entry at index {proved['index']} is not shown to be in the log")
        for leaf in leaves:
            check_version(leaf)  # 5
        self.register, _ = read_genesis(leaves[0])  # 6
        self.vkey, self.rekeyed = vkey, self.register.log_vkey != vkey
        self.entries = [(index, parse_entry(leaf)) for index, leaf in zip(indices, leaves)]
        for _, entry in self.entries:  # 7
            check_register(entry, self.register)
        self.seals = {index: entry.body for index, entry in self.entries if entry.kind == "seal"}
        ensure(self.size - 1 in self.seals, "the log does not end on a seal")
        self.used = {self.size - 1}
        self.read_ruled()
        self.accounts = set()  # 9
        for _, entry in self.entries:
            if entry.kind not in ("profile", "rotate"):
                self.accounts |= accounts_of(entry.body)  # whoever carries an account over has a part

    def read_ruled(self):
        """What the records say of the rules that title moved under; it holds once their proofs do."""
        work, edition = self.certificate["work"], self.certificate["edition"]
        given = {one["key"]: one["record"] for one in self.certificate["records"] if "record" in one}
        state = parse_json(given.get(f"edition/{work}/{edition}", "{}"))
        self.judged = state.get("judged", 0) if isinstance(state, dict) else 0
        self.alleged_count = state.get("allegations", 0) if isinstance(state, dict) else 0
        ensure(type(self.alleged_count) is int, "allegations is no number")
        self.alleged = {"open": []}
        self.alleged_names = [f"allegations/{work}/{edition}"] * bool(self.alleged_count)
        for name in self.alleged_names:
            ensure(name in given, "it leaves out what is alleged")
            self.alleged = parse_json(given[name])
            ALLEGATIONS(self.alleged)
            ensure(len(self.alleged["open"]) <= self.alleged_count, "more is alleged than is counted")
        ensure(type(self.judged) is int, "judged is no number")
        ensure(self.judged <= len(given), "it leaves out what the rules said")
        self.crossing_names = [f"crossing/{work}/{edition}/{count}" for count in range(1, self.judged + 1)]
        ensure(set(self.crossing_names) <= given.keys(), "it leaves out what the rules said")
        self.crossings = [parse_json(given[name]) for name in self.crossing_names]
        for crossing in self.crossings:
            CROSSING(crossing)
        self.attests = {paper["attest"] for crossing in self.crossings for paper in crossing["papers"]}
        self.corridors = {crossing["rules"]: parse_json(given.get(f"corridor/{crossing['rules']}", "0")) for crossing in self.crossings}
        for corridor in self.corridors.values():
            CORRIDOR(corridor)
        self.chains = {}

    def replay(self):
        before = None
        for index, entry in self.entries:
            if entry.kind == "seal":
                self.take_seal(index, entry, before)
                before = (index, entry)
            else:
                self.take(index, entry)
        ensure(self.used == set(self.seals), "a seal that covers no entry of the certificate")
        ensure(self.minted is not None, "the mint is missing")
        for name, chain in self.chains.items():
            ensure(chain[0]["id"] in self.attests, f"a document that did not count, of {name}")
        self.papers = sorted(self.counted(), key=lambda paper: paper["index"])
        ensure({paper["id"] for paper in self.papers} == self.attests, "it leaves out a document that counted")
        ensure(key_in_force(self.register, self.records) == self.vkey or not self.rekeyed, "another log key is in force")

    def take_seal(self, index, entry, before):
        """8: the seals, one after the other."""
        seal = entry.body
        ensure(entry.by in self.register.operators, "a seal by an account that does not operate the register")
        ensure(seal["first"] + seal["count"] == index, "a seal that does not stand where its batch ends")
        is_first = seal["height"] == 0
        ensure(is_first == (seal["first"] == 0), "the first batch has height 0")
        ensure(not is_first or (seal["count"], seal["prev_seal"]) == (1, self.register.genesis), "the first batch")
        if before is not None:
            place, (last, earlier) = before[0], (before[1].id, before[1].body)
            ensure(place < seal["first"] and earlier["height"] < seal["height"], "batches overlap")
            ensure(earlier["time_ms"] <= seal["time_ms"], "time runs back")
            follows = (seal["first"] == place + 1, seal["height"] == earlier["height"] + 1, seal["prev_seal"] == last)
            ensure(all(follows) or not any(follows), "seals contradict each other")
        check_signatures(entry, self.records)

    def take(self, index, entry):
        """10 to 13: every other entry, by the rules, at the time of the seal that covers it."""
        after = min(place for place in self.seals if place > index)
        seal = self.seals[after]
        ensure(seal["first"] <= index < after, f"the seal of the entry at index {index} is missing")
        self.used.add(after)
        if index == 0:
            return
        moment = {"id": entry.id, "index": index, "time_ms": seal["time_ms"]}
        if entry.kind in CHAIN:
            ensure(entry.body.get("account", entry.by) in self.accounts, f"the entry at index {index} is of an account without a part")
        elif entry.kind == "mint":
            ensure(entry.id == self.certificate["work"], f"the mint at index {index} is of another work")
            self.minted = moment | {"body": entry.body}
        elif entry.kind == "carry_edition" and entry.body["work"] == self.certificate["work"]:
            own = entry.body["edition"] == self.certificate["edition"]
            ensure(own or "mint" in entry.body, f"index {index} is not of this edition")
            if "mint" in entry.body:
                self.minted = moment | {"body": entry.body["mint"]["body"]}
            self.steps += [moment | {"body": entry.body}] * own
        elif entry.kind == "amend":
            ensure(entry.body["work"] == self.certificate["work"], f"the amendment at index {index} is of another work")
        elif entry.kind in ("attest", "revoke"):
            self.take_paper(moment | {"body": entry.body})
            check_signatures(entry, self.records)
            return  # what came before in its chain is not here
        elif entry.kind in ACTS:
            ensure(self.rekeyed, f"the act at index {index} does not belong to it")
        else:
            own = (self.certificate["work"], self.certificate["edition"])
            ensure((entry.body.get("work"), entry.body.get("edition")) == own, f"index {index} is not of this edition")
            ensure(not shapes.hangs_beside(entry.body), f"the entry at index {index} hangs beside the chain")
            self.steps.append(moment | {"body": entry.body})
        check_signatures(entry, self.records)
        place = Place(self.register, index, seal["height"], seal["time_ms"], whole=False)
        self.records |= apply(entry, place, self.records)

    def take_paper(self, link):
        """11: what an account says of one document, from the first that counted on; what it follows is not here."""
        chain, body = self.chains.setdefault(shapes.paper_name(link["body"]), []), link["body"]
        if not chain:
            ensure(body["kind"] == "attest", f"index {link['index']} takes back what is not here")
        else:
            ensure(body.get("prev") == chain[-1]["id"], f"index {link['index']} does not follow what was said before")
            ensure("attest" in (body["kind"], chain[-1]["body"]["kind"]), f"index {link['index']} takes back what was")
        chain.append(link)

    def counted(self):
        """The documents that counted, each with what became of it."""
        for chain in self.chains.values():
            for link, following in zip(chain, [*chain[1:], None]):
                if link["id"] in self.attests:
                    after = following and following["body"]["kind"]
                    yield link | {"standing": {None: "stands", "attest": "replaced", "revoke": "revoked"}[after]}

    def paper_record(self, name):
        """The record that a chain leads to."""
        chain = self.chains[name]
        revoked = {"revoked": chain[-1]["index"]} if chain[-1]["body"]["kind"] == "revoke" else {}
        newest = chain[-2 if revoked else -1]
        said = {member: newest["body"][member] for member in ("sha256", "valid_from", "valid_to") if member in newest["body"]}
        return {"attest": newest["id"], "index": newest["index"], "newest": chain[-1]["id"]} | said | revoked

    def check_records(self):
        """14: exactly the records asked for, as the entries lead to them, under the newest seal's state root."""
        work, edition = self.certificate["work"], self.certificate["edition"]
        asked = [f"account/{account}" for account in sorted(self.accounts)] + [f"edition/{work}/{edition}"]
        for name in self.chains:
            self.records[name] = self.paper_record(name)
        beside = self.crossing_names + self.alleged_names + [f"corridor/{digest}" for digest in self.corridors]
        asked = sorted([*self.chains] + asked + ["register"] * self.rekeyed + [f"work/{work}"] + beside)
        given = self.certificate["records"]
        ensure([one["key"] for one in given] == asked, "its records are not exactly those asked for")
        root = bytes.fromhex(self.seals[self.size - 1]["state"])
        for one in given:
            record, other = one.get("record"), one.get("other")
            value = None if record is None else sha256(record.encode())
            other = other and (unbase64(other["key"]), unbase64(other["value"]))
            check_state(root, state_key(one["key"]), value, [unbase64(node) for node in one["path"]], other)
            if one["key"] in beside:
                ensure(record is not None, f"the record {one['key']} is shown to be absent")
                continue
            led_to = self.records.get(one["key"])
            if record is not None and one["key"].startswith("edition/"):
                led_to = current_edition(work, edition, self.records)
                led_to = led_to | ({"allegations": self.alleged_count} if self.alleged_count else {})
            if led_to and self.judged and one["key"].startswith("edition/"):
                led_to = led_to | {"judged": self.judged, "rules": self.crossings[-1]["rules"]}
            ensure(record == (led_to and canonical(led_to)), f"its entries lead to another record {one['key']}")
        moves = [step["index"] for step in self.steps if step["body"]["kind"] in ("transfer", "accept", "move", "transmit")]
        ruled = [crossing["index"] for crossing in self.crossings]
        ensure(shapes.ascending(ruled) and set(ruled) <= set(moves), "rules that were asked where title did not move")

    def check_cards(self):
        """15: cards that some entry commits to, each once."""
        bodies = [entry.body for _, entry in self.entries]
        bodies += [body["mint"]["body"] for body in bodies if "mint" in body]
        committed = {body["card"] for body in bodies if "card" in body}
        digests = [card_digest(bytes.fromhex(card["salt"]), card["text"]) for card in self.certificate["cards"]]
        ensure(shapes.ascending(digests) and set(digests) <= committed, "a card that no entry commits to")
        for card in self.certificate["cards"]:
            check_card(card["text"])
        self.cards = dict(zip(digests, (card["text"] for card in self.certificate["cards"])))

    def facts(self):
        """What the certificate proves, as of its checkpoint."""
        work, edition = self.certificate["work"], self.certificate["edition"]
        state = current_edition(work, edition, self.records)
        rules = {"judged": self.judged, "crossings": self.crossings, "corridors": self.corridors, "papers": self.papers} if self.judged else {}
        newest = self.seals[self.size - 1]
        return rules | {
            "origin": self.register.origin,
            "size": self.size,
            "time_ms": newest["time_ms"],
            "work": work,
            "edition": edition,
            "editions": self.minted["body"]["editions"],
            "maker": self.minted["body"]["by"],
            "record": self.records[f"work/{work}"],
            "ack_first": self.minted["body"].get("ack_first"),
            "minted": {name: self.minted[name] for name in ("id", "index", "time_ms")},
            "holder": state["holder"],
            "country": state["country"],
            "transfers": state["transfers"],
            "offer": state.get("offer"),
            "encumbrances": state.get("encumbrances", []),
            "alleged": {"count": self.alleged_count} | self.alleged,
            "steps": self.steps,
            "accounts": sorted(self.accounts),
            "cards": self.cards,
        }
