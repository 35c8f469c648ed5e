"""Evidence files for the test vectors: about operators who broke the rules, and about one who did not."""

import copy

import ledger_cheats as cheats
import ledger_evidence
import ledger_mended
from ledger_evidence import Shown, Undecided, consistency_proof, take_entries
from ledger_entries import parse_entry
from ledger_format import Failed, NeedsNewer, Refused, base64_text, canonical, inclusion_proof, leaf_hash, tree_root
from ledger_register import DAY_MS, START_MS, act_body, digest, mint_body
from ledger_rules import check_signatures, named_void

CONVICTED, NOT_CONVICTED, UNDECIDED, NEWER = "convicted", "not_convicted", "undecided", "needs_newer"
VERDICTS = {cheats.PROVED: NOT_CONVICTED, cheats.REFUSED: CONVICTED, cheats.NEWER: NEWER}


def verdict(text, vkey):
    try:
        ledger_evidence.judge(text.encode(), vkey)
    except NeedsNewer:
        return NEWER
    except Undecided:
        return UNDECIDED
    except Failed:
        return NOT_CONVICTED
    return CONVICTED


def text_of(**claim):
    return canonical({"claim": claim, "format": "colophon.evidence/v1"}) + "\n"


def leaf_hashes(log):
    return [leaf_hash(leaf.encode()) for leaf in log.leaves]


def proved_leaf(log, index):
    proof = inclusion_proof(leaf_hashes(log), index)
    return {"index": index, "leaf": base64_text(log.leaves[index].encode()), "proof": list(map(base64_text, proof))}


def stated(log, index):
    return {"checkpoint": log.checkpoint(), "leaf": proved_leaf(log, index)}


def fork(small, large, **members):
    hashes, size = leaf_hashes(large), len(small.leaves)
    proof = consistency_proof(hashes, size)
    claim = {
        "larger": large.checkpoint(),
        "proof": list(map(base64_text, proof)),
        "root": base64_text(tree_root(hashes[:size])),
        "smaller": small.checkpoint(),
    }
    return text_of(fork=claim | members)


# --- Batches ---


class Asked(dict):
    """Records that remember which of them were asked for."""

    def __init__(self, records):
        super().__init__(records)
        self.names = set()

    def __missing__(self, name):
        self.names.add(name)
        raise KeyError(name)

    def __getitem__(self, name):
        self.names.add(name)
        return super().__getitem__(name)

    def __setitem__(self, name, record):
        self.names.add(name)
        super().__setitem__(name, record)

    def __contains__(self, name):
        self.names.add(name)
        return super().__contains__(name)

    def get(self, name, default=None):
        self.names.add(name)
        return super().get(name, default)


def batches(log):
    """The index of each batch's first leaf, and that after its last."""
    seals = [n + 1 for n, leaf in enumerate(log.leaves) if '"kind":"seal"' in leaf]
    bounds = [0, *seals] if seals[-1] == len(log.leaves) else [0, *seals, len(log.leaves)]
    return list(zip(bounds, bounds[1:]))


def batch(log, number=-1, rest=False):
    """The claim about a batch, the last one unless said otherwise, with what comes behind it or without."""
    bounds = batches(log)
    number %= len(bounds)
    first, end = bounds[number]
    then = copy.copy(log)
    then.records = log.states[number]
    claim = {
        "checkpoint": log.checkpoint(),
        "genesis": proved_leaf(log, 0),
        "leaves": [proved_leaf(log, index) for index in range(first, end)],
        "records": [then.prove_record(name) for name in sorted(asked(log, then.records, first, end))],
    }
    behind = {"rest": [proved_leaf(log, index) for index in range(end, len(log.leaves))]} if rest else {}
    return claim | behind | ({"before": proved_leaf(log, first - 1)} if first else {})


def asked(log, records, first, end):
    """The names of the records that a replay of the batch reads and writes."""
    records = Asked(records)
    try:
        entries = [leaf.encode() for leaf in log.leaves[first : end - 1]]
        seal = parse_entry(log.leaves[end - 1].encode())
        if first:
            moment = seal.body.get("height", 0), seal.body.get("time_ms", 0)
            named = named_void([(index, leaf.encode()) for index, leaf in enumerate(log.leaves)])
            take_entries(log.register, first, entries, moment, records, named)
        check_signatures(seal, records)
    except (ledger_evidence.Convicted, Refused, KeyError):
        pass
    return records.names


# --- What is made ---


def parted():
    """Two registers of one operator that go different ways after one mint, the first one longer."""
    (one, work), (other, _) = cheats.honest(), cheats.honest()
    for face in ("sea", "rain", "wind"):
        one.take(one.sign(mint_body("dee", face, digest("words")), "dee"))
        one.seal()
    other.time_ms += DAY_MS
    cheats.honest_sale(other, work)
    other.seal()
    return one, other


def forks():
    long, short = parted()
    yield "two logs that part, of two sizes", fork(short, long), CONVICTED
    same = copy.deepcopy(short)
    same.leaves[-1] = same.leaves[-1].replace("A", "B", 1)
    yield "two logs of one size", fork(short, same), CONVICTED
    true, _ = cheats.honest()
    yield "a log that only grew", fork(true, long), NOT_CONVICTED
    yield "a log and itself", fork(long, long), NOT_CONVICTED
    yield "a root that no proof leads from", fork(true, long, root=base64_text(bytes(32))), NOT_CONVICTED
    yield "a proof with a hash less", fork(short, long, proof=[]), NOT_CONVICTED
    yield "a checkpoint by another key", fork(short, long, smaller=short.checkpoint("thief")), NOT_CONVICTED
    yield "the larger first", fork(short, long, smaller=long.checkpoint(), larger=short.checkpoint()), NOT_CONVICTED


def entries():
    long, short = parted()
    both = lambda one, other: text_of(entries={"one": one, "other": other})
    yield "an entry that is another now", both(stated(short, 4), stated(long, 4)), CONVICTED
    yield "the same entry in both", both(stated(short, 2), stated(long, 2)), NOT_CONVICTED
    yield "seals of which the later is earlier", both(stated(short, 5), stated(long, 9)), CONVICTED
    yield "seals in one log", both(stated(long, 5), stated(long, 9)), NOT_CONVICTED
    yield "seals in the wrong order", both(stated(long, 9), stated(short, 5)), NOT_CONVICTED
    yield "entries at two places", both(stated(short, 4), stated(long, 6)), NOT_CONVICTED
    checkpoints = {"genesis": long.leaves[0], "newer": long.checkpoint(), "older": short.checkpoint()}
    yield "two checkpoints and no more", text_of(checkpoints=checkpoints), UNDECIDED


def twists(log):
    """What somebody might do to a true batch to make it look wrong."""
    true = batch(log)
    for n, record in enumerate(true["records"]):
        rest = true["records"][:n] + true["records"][n + 1 :]
        yield f"without the record {record['key'].split('/')[0]} {n}", true | {"records": rest}
    yield "without its last leaf", true | {"leaves": true["leaves"][:-1]}
    yield "without its first leaf", true | {"leaves": true["leaves"][1:]}
    yield "two batches as one", batch(log, -2) | {"leaves": batch(log, -2)["leaves"] + true["leaves"]}
    yield "the seal before another batch", true | {"before": proved_leaf(log, 1)}
    yield "no seal before it", {name: value for name, value in true.items() if name != "before"}
    yield "another genesis", true | {"genesis": true["leaves"][0]}


def all_batches():
    for what, act, seal, expected in cheats.CHEATS:
        log, work = cheats.honest()
        act(log, work)
        if seal is not None:
            log.seal(**seal)
        yield what, text_of(batch=batch(log)), VERDICTS[expected]
    log, work = cheats.honest()
    cheats.honest_sale(log, work)
    log.seal()
    for number in range(len(batches(log))):
        yield f"batch {number} of an honest register", text_of(batch=batch(log, number)), NOT_CONVICTED
    for what, claim in twists(log):
        yield what, text_of(batch=claim), NOT_CONVICTED


def wounds():
    """Leaves against the rules, of which it matters whether an upgrade further on voids them."""
    log, void = ledger_mended.wounded()
    yield "a refused entry at the end of the log", text_of(batch=batch(log)), CONVICTED
    yield "and the rest, of which there is none", text_of(batch=batch(log, rest=True)), CONVICTED
    log.take(log.sign(mint_body("cy", "snow", digest("words")), "cy"))
    log.seal()
    yield "a refused entry, and the log goes on", text_of(batch=batch(log, -2)), UNDECIDED
    yield "a refused entry, and nothing behind it voids it", text_of(batch=batch(log, -2, rest=True)), CONVICTED
    cut = batch(log, -2, rest=True)
    yield "and the rest is cut", text_of(batch=cut | {"rest": cut["rest"][:-1]}), NOT_CONVICTED
    yield "and something else for the rest", text_of(batch=cut | {"rest": cut["rest"][::-1]}), NOT_CONVICTED
    ledger_mended.mend(log, void)
    yield "an entry that is voided", text_of(batch=batch(log, -3, rest=True)), NOT_CONVICTED
    yield "an entry that is voided, which is left out", text_of(batch=batch(log, -3)), UNDECIDED
    yield "the batch that voids it", text_of(batch=batch(log)), NOT_CONVICTED
    log, void = ledger_mended.wounded()
    log.take(log.sign(act_body("upgrade", log.register.genesis, names=("ana",), void=void), "ana"), changes={})
    log.seal()
    yield "an entry that no governor voids", text_of(batch=batch(log, -2, rest=True)), NOT_CONVICTED
    yield "and who tried to", text_of(batch=batch(log)), CONVICTED
    log, void = ledger_mended.wounded()
    log.take(log.sign(mint_body("cy", "snow", digest("words")), "cy"))
    body = act_body("upgrade", log.register.genesis, void=[*void, len(log.leaves) - 1])
    log.take(log.sign(body, "governor"), changes={})
    log.seal()
    yield "an upgrade that voids a good entry beside it", text_of(batch=batch(log)), CONVICTED


def vectors(vkey):
    made = []
    for what, text, expected in [*forks(), *entries(), *all_batches(), *wounds()]:
        found = verdict(text, vkey)
        if found != expected:
            raise AssertionError(f"{what}: {found}, not {expected}")
        made.append({"what": what, "evidence": text, "verdict": expected})
    return {"vkey": vkey, "evidence": made}
