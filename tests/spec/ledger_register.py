"""A register in memory, for test vectors: honest, or as a cheating operator would keep it."""

import json

from ledger_entries import ACTS, CHAIN, Entry, accounts_of, entry_id, entry_text, hangs_beside, paper_name, parse_entry
from ledger_format import (
    SIGNATURES_MAX,
    Refused,
    base64_text,
    canonical,
    card_digest,
    inclusion_proof,
    leaf_hash,
    multikey,
    parse_note,
    places,
    prove_state,
    public_of,
    sha256,
    sign_note,
    state_key,
    state_root,
    tree_root,
    vkey,
)
from ledger_rules import RULES_VERSION, Place, judge, read_genesis, texts

ORIGIN = "registry.example/art"
START_MS = 1_800_000_000_000
DAY_MS = 24 * 60 * 60 * 1000


def seed(name):
    return sha256(b"colophon.vectors/v1\n", name.encode())


def key(name):
    return multikey(public_of(seed(name)))


def keys(*names):
    return sorted(map(key, names))


def digest(name):
    return sha256(name.encode()).hex()


def card(name, words):
    """A card with a salt from its name."""
    salt, words = seed(f"salt of {name}").hex(), canonical(words)
    return {"salt": salt, "text": words}


def card_id(one):
    return card_digest(bytes.fromhex(one["salt"]), one["text"])


def genesis_body(log_vkey, nonce):
    return {
        "by": key("operator"),
        "governor_threshold": 1,
        "governors": [key("governor")],
        "kind": "genesis",
        "log_vkey": log_vkey,
        "nonce": digest(nonce),
        "operators": [key("operator")],
        "rules": RULES_VERSION,
    }


def read_any(leaf):
    """An entry, of which only kind and form need be known."""
    text, lines = parse_note(leaf.encode(), SIGNATURES_MAX)
    body = json.loads(text.split("\n")[1])
    return Entry(entry_id(text), ORIGIN, None, body, text, lines)


class Log:
    """Leaves, records and cards. `by` of a body is an account's name; signatures are (account, key) by names."""

    def __init__(self, nonce="nonce", origin=ORIGIN, succeeds=None):
        self.origin, self.vkey = origin, vkey(origin, public_of(seed("log")))
        body = genesis_body(self.vkey, nonce) | ({"succeeds": succeeds} if succeeds else {})
        text = entry_text(origin, None, body)
        genesis = sign_note(text, [(key(name), seed(name)) for name in ("operator", "governor")])
        self.register, entry = read_genesis(genesis.encode())
        self.leaves, self.records, self.cards = [genesis], {}, {}
        self.states = [{}]  # the records before each batch
        self.height, self.prev_seal, self.time_ms, self.operator_key = 0, entry.id, START_MS, "operator"
        self.first, self.log_key = 0, "log"
        self.owing = set()  # the leaves that were planted, and that nothing has voided
        self.seal()

    def text(self, body):
        return entry_text(self.origin, self.register.genesis, body)

    def sign(self, body, *signed):
        """The leaf of a body. Each signature is an account's name, or (account, key) by names."""
        pairs = [one if isinstance(one, tuple) else (one, one) for one in signed]
        return sign_note(self.text(body), [(key(account), seed(by)) for account, by in pairs])

    def place(self, time_ms=None):
        moment = len(self.leaves), self.height, time_ms or self.time_ms
        return Place(self.register, *moment, whole=True, owing=frozenset(self.owing))

    def take(self, leaf, changes=None):
        """Appends a leaf by the rules, or with `changes` given against them. Returns its entry id."""
        self.records |= judge(leaf.encode(), self.place(), self.records) if changes is None else changes
        self.leaves.append(leaf)
        entry = parse_entry(leaf.encode())
        if changes is None:
            self.owing -= set(entry.body.get("void", []))
        return entry.id

    def plant(self, leaf):
        """Appends a leaf that the rules refuse, and that leaves no trace. Returns its index."""
        try:
            judge(leaf.encode(), self.place(), self.records)
        except (Refused, ValueError):
            self.owing.add(len(self.leaves))
            self.leaves.append(leaf)
            return len(self.leaves) - 1
        raise AssertionError("the rules take it")

    def add_card(self, name, words):
        one = card(name, words)
        self.cards[card_id(one)] = one
        return card_id(one)

    def seal(self, days=0, by="operator", **members):
        """Closes the batch, and lets days pass; `members` are what a cheating operator writes into the seal instead."""
        body = {
            "by": key(by),
            "count": len(self.leaves) - self.first,
            "first": self.first,
            "height": self.height,
            "kind": "seal",
            "prev_seal": self.prev_seal,
            "rules": RULES_VERSION,
            "state": state_root(places(texts(self.records))).hex(),
            "time_ms": self.time_ms,
        } | members
        leaf = self.sign(body, (by, self.operator_key if by == "operator" else by))
        self.leaves.append(leaf)
        self.height, self.prev_seal, self.first = self.height + 1, parse_entry(leaf.encode()).id, len(self.leaves)
        self.states.append(dict(self.records))
        self.time_ms += days * DAY_MS
        return body

    def checkpoint(self, signer=None):
        signer = signer or self.log_key
        root = base64_text(tree_root([leaf_hash(leaf.encode()) for leaf in self.leaves]))
        return sign_note(f"{self.origin}\n{len(self.leaves)}\n{root}\n", [(self.origin, seed(signer))])

    def prove(self, index):
        proof = inclusion_proof([leaf_hash(leaf.encode()) for leaf in self.leaves], index)
        return {"entry": self.leaves[index], "index": index, "proof": list(map(base64_text, proof))}

    def prove_record(self, name):
        standing = places(texts(self.records))
        path, other = prove_state(standing, state_key(name))
        proved = {"key": name, "path": list(map(base64_text, path))}
        if other:
            proved["other"] = {"key": base64_text(other[0]), "value": base64_text(other[1])}
        return proved | ({"record": canonical(self.records[name])} if name in self.records else {})

    def certificate(self, work, edition=1):
        entries = [read_any(leaf) for leaf in self.leaves]
        rekeyed = self.log_key != "log"
        chosen = {0, len(entries) - 1}
        for index, entry in enumerate(entries):
            own = (entry.body.get("work"), entry.body.get("edition")) == (work, edition)
            if entry.id == work or (own and not hangs_beside(entry.body)):
                chosen.add(index)
            if entry.kind == "amend" and entry.body["work"] == work:
                chosen.add(index)
            if rekeyed and entry.kind in ACTS:
                chosen.add(index)
            if entry.kind == "carry_edition" and entry.body["work"] == work and "mint" in entry.body:
                chosen.add(index)
        judged = self.records.get(f"edition/{work}/{edition}", {}).get("judged", 0)
        crossings = [f"crossing/{work}/{edition}/{count}" for count in range(1, judged + 1)]
        papers = {paper["attest"] for name in crossings for paper in self.records[name]["papers"]}
        shown = {f"corridor/{self.records[name]['rules']}" for name in crossings}
        for index, entry in enumerate(entries):
            if entry.id in papers or (entry.kind in ("attest", "revoke") and paper_name(entry.body) in shown):
                chosen.add(index)
                shown.add(paper_name(entry.body))
        accounts = {account for index in chosen for account in accounts_of(entries[index].body)}
        for index, entry in enumerate(entries):
            if entry.kind in CHAIN and entry.body.get("account", entry.by) in accounts:
                chosen.add(index)
        accounts |= {account for index in chosen for account in accounts_of(entries[index].body)}
        seals = [index for index, entry in enumerate(entries) if entry.kind == "seal"]
        chosen |= {min((place for place in seals if place >= index), default=index) for index in chosen}
        digests = {entries[index].body.get("card") for index in chosen} & self.cards.keys()
        asked = [f"account/{account}" for account in sorted(accounts)] + [f"edition/{work}/{edition}"]
        alleged = "allegations" in self.records.get(f"edition/{work}/{edition}", {})
        asked += ["register"] * rekeyed + [f"work/{work}"] + [f"allegations/{work}/{edition}"] * alleged
        asked = sorted(asked + crossings + list(shown))
        return {
            "cards": [self.cards[one] for one in sorted(digests)],
            "checkpoint": self.checkpoint(),
            "edition": edition,
            "entries": [self.prove(index) for index in sorted(chosen)],
            "format": "colophon.certificate/v1",
            "records": [self.prove_record(name) for name in asked],
            "work": work,
        }


# --- Bodies ---


def mint_body(by, face, card_digest, **members):
    return {
        "by": key(by),
        "card": card_digest,
        "country": "CN",
        "created": "2026-11",
        "creators": [{"role": "art", "share_bp": 10_000}],
        "editions": 2,
        "files": [{"bytes": 48_213, "media_type": "image/png", "sha256": digest(face)}],
        "kind": "mint",
        "license": "LicenseRef-ARR",
        "source_type": "digitalCreation",
        "training": "notAllowed",
        "work_kind": "digital_image",
    } | members


def terms_body(kind, by, to, work, prev, expires_ms, **members):
    return {
        "basis": "sale",
        "by": key(by),
        "delivery": "digital",
        "edition": 1,
        "expires_ms": expires_ms,
        "from_country": "CN",
        "kind": kind,
        "prev": prev,
        "to": key(to),
        "to_country": "FR",
        "work": work,
    } | members


def move_body(kind, by, work, prev, edition=1):
    return {"by": key(by), "edition": edition, "kind": kind, "prev": prev, "work": work}


def act_body(kind, prev, names=("governor",), **members):
    governors = keys(*names)
    return {"by": governors[0], "governors": governors, "kind": kind, "prev": prev} | members


def profile_body(by, prev, card_digest, country="CN"):
    return {"by": key(by), "card": card_digest, "country": country, "kind": "profile", "prev": prev}


def rotate_body(by, prev, names, threshold=1, **members):
    return {
        "by": key(by),
        "keys": keys(*names),
        "kind": "rotate",
        "prev": prev,
        "threshold": threshold,
    } | members
