"""Cosignatures of witnesses, types 04 and 06, and the policy that counts them (docs/spec.md, section 2)."""

import re

from cryptography.exceptions import InvalidSignature

from ledger_format import Failed, decimal, is_strong, open_checkpoint, parse_note, sha256, unbase64, verify_strict

try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
except ImportError:  # before version 47 of the package
    MLDSA44PublicKey = None

ED25519, ML_DSA_44 = 0x04, 0x06
KEY_BYTES = {ED25519: 32, ML_DSA_44: 1312}
SIGNATURE_BYTES = {ED25519: 64, ML_DSA_44: 2420}


def unvkey(text):
    """Name, type, public key and key id of a witness's verifier key."""
    name, number, key = text.split("+", 2)
    data = unbase64(key)
    kind, public = data[0], data[1:]
    if len(public) != KEY_BYTES.get(kind) or (kind == ED25519 and not is_strong(public)):
        raise ValueError("not the verifier key of a witness")
    identity = sha256(name.encode(), b"\n", data)[:4]
    if identity.hex() != number:
        raise ValueError("another key id")
    return name, kind, public, identity


def message(kind, name, time, text):
    """What is signed: the time and the whole text, or the name, the time and what the text says."""
    if kind == ED25519:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    origin, size, root, end = text.split("\n")
    if end != "" or len(unbase64(root)) != 32 or decimal(size) >= 2**63:
        raise ValueError("not three lines")

    def counted(word):
        return len(word.encode()).to_bytes(1, "big") + word.encode()

    numbers = (0).to_bytes(8, "big") + decimal(size).to_bytes(8, "big")
    return b"subtree/v1\n\0" + counted(name) + time.to_bytes(8, "big") + counted(origin) + numbers + unbase64(root)


def cosigned_at(kind, name, public, text, data):
    """The time of a cosignature that verifies, or nothing."""
    time, signature = int.from_bytes(data[:8], "big"), data[8:]
    if len(data) != 8 + SIGNATURE_BYTES[kind] or not 1 <= time < 2**63:
        return None
    signed = message(kind, name, time, text)
    if kind == ED25519:
        return time if verify_strict(public, signed, signature) else None
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, signed)
    except InvalidSignature:
        return None
    return time


def read_policy(text):
    """Log keys, witnesses by name, groups in order, and the quorum: the lines of a tlog-policy file that are well made."""
    logs, witnesses, groups, quorum = [], {}, [], None
    for line in text.split("\n"):
        words = re.split("[ \t]+", line.strip(" \t"))
        if words[0] == "log":
            logs.append(words[1])
        elif words[0] == "witness":
            witnesses[words[1]] = unvkey(words[2])
        elif words[0] == "group":
            least = {"all": len(words) - 3, "any": 1}.get(words[2]) or int(words[2])
            groups.append((words[1], least, words[3:]))
        elif words[0] == "quorum":
            quorum = words[1]
    return logs, witnesses, groups, quorum


def judge(note, policy):
    """The times of the policy's witnesses under a checkpoint of its log, by name, and whether they are a quorum."""
    logs, witnesses, groups, quorum = read_policy(policy)
    open_checkpoint(note, logs[0])
    text, lines = parse_note(note.encode(), 100)
    times = {}
    for name, (key_name, kind, public, identity) in witnesses.items():
        for line_name, number, data in lines:
            if (line_name, number) == (key_name, identity):
                time = cosigned_at(kind, key_name, public, text, data)
                if time is None:
                    raise Failed(f"a bad line of {name}")
                times[name] = max(time, times.get(name, 0))
    met = set(times)
    for name, least, members in groups:
        if len(met.intersection(members)) >= least:
            met.add(name)
    return times, quorum == "none" or quorum in met
