"""A register of the test vectors with leaves that the rules refuse, and the upgrade that voids them."""

from ledger_acts import case, leaf_of
from ledger_format import places, state_root
from ledger_register import Log, act_body, digest, mint_body
from ledger_rules import texts


def wounded(bad=1):
    """A register whose operator has recorded a work again that it had, so many times. Returns it with the indices."""
    log = Log("mended")
    again = log.sign(mint_body("ana", "hills", digest("words")), "ana")
    log.take(again)
    log.seal()
    log.take(log.sign(mint_body("ana", "sea", digest("words")), "ana"))
    void = [log.plant(again) for _ in range(bad)]
    log.take(log.sign(mint_body("bo", "rain", digest("words")), "bo"))
    log.seal(1)
    return log, void


def mend(log, void):
    newest = log.records.get("register", {}).get("newest", log.register.genesis)
    log.take(log.sign(act_body("upgrade", newest, void=void), "governor"))
    log.seal(1)


def everything():
    log, void = wounded(bad=2)
    genesis, upgrade = log.register.genesis, lambda **members: log.sign(act_body("upgrade", genesis, **members), "governor")
    refused = [
        case(log, "void_unfit", "a leaf that the rules took", upgrade(void=[void[0] - 1, *void])),
        case(log, "void_unfit", "a leaf to come", upgrade(void=[*void, len(log.leaves) + 1])),
    ]
    mend(log, void)
    again = log.sign(act_body("upgrade", log.records["register"]["newest"], void=void), "governor")
    refused.append(case(log, "void_unfit", "what is voided already", again))
    log.take(log.sign(mint_body("cy", "snow", digest("words")), "cy"))
    log.seal(1)
    return {
        "vkey": log.vkey,
        "voided": void,
        "leaves": [leaf_of(index, leaf) for index, leaf in enumerate(log.leaves)],
        "records": texts(dict(sorted(log.records.items()))),
        "state": state_root(places(texts(log.records))).hex(),
        "checkpoint": log.checkpoint(),
        "refused": refused,
    }
