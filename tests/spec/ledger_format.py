"""The encodings of docs/spec.md, written from it alone: hashes, keys, notes, bodies, entries, cards, both trees."""

import base64
import functools
import hashlib
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

INTEGER_MAX = 2**53 - 1
ENTRY_BYTES_MAX = 16 * 1024
SIGNATURES_MAX = 32
CARD_BYTES_MAX = 8 * 1024
CARD_DEPTH_MAX = 127
EDITIONS_MAX = 10_000


class Refused(Exception):
    """An entry is against the rules; `code` is one of the closed list."""

    def __init__(self, code, why=""):
        super().__init__(f"{code}: {why}")
        self.code = code


# Refusals that newer rules might not give.
MAYBE_NEWER = ("unknown_kind", "unknown_member", "rules_ended")


class NeedsNewer(Exception):
    """Something this version does not know: no verdict, and no evidence of a wrong."""


class Failed(Exception):
    """A proof does not prove what it should."""


# --- Hashes and the log's tree (RFC 6962) ---


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(leaf):
    return sha256(b"\x00", leaf)


def node_hash(left, right):
    return sha256(b"\x01", left, right)


def split(size):
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def tree_root(hashes):
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return hashes[0]
    middle = split(len(hashes))
    return node_hash(tree_root(hashes[:middle]), tree_root(hashes[middle:]))


def inclusion_proof(hashes, index):
    if len(hashes) == 1:
        return []
    middle = split(len(hashes))
    if index < middle:
        return inclusion_proof(hashes[:middle], index) + [tree_root(hashes[middle:])]
    return inclusion_proof(hashes[middle:], index - middle) + [tree_root(hashes[:middle])]


def inclusion_root(leaf, index, size, proof):
    """Where an inclusion proof leads; nothing if it has another number of hashes than this place needs."""
    if size == 1:
        return leaf if index == 0 and not proof else None
    if not 0 <= index < size or not proof:
        return None
    middle = split(size)
    if index < middle:
        below = inclusion_root(leaf, index, middle, proof[:-1])
        return below and node_hash(below, proof[-1])
    below = inclusion_root(leaf, index - middle, size - middle, proof[:-1])
    return below and node_hash(proof[-1], below)


# --- Spellings ---

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58(data):
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def unbase58(text):
    number = 0
    for digit in text:
        number = number * 58 + BASE58.index(digit)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def base64_text(data):
    return base64.b64encode(data).decode()


def unbase64(text):
    """Reads the one spelling that `base64_text` writes."""
    data = base64.b64decode(text.encode(), validate=True)
    if base64_text(data) != text:
        raise ValueError("not canonical base64")
    return data


def decimal(text):
    if not re.fullmatch("0|[1-9][0-9]{0,18}", text):
        raise ValueError("not a plain decimal number")
    return int(text)


# --- Ed25519: the strict rule ---

PRIME = 2**255 - 19
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)


def decode_point(data):
    """The point of 32 bytes, or nothing if they are not its one encoding."""
    number = int.from_bytes(data, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= PRIME:
        return None
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if x * x % PRIME != square:
        x = x * ROOT_OF_MINUS_ONE % PRIME
    if x * x % PRIME != square or (x == 0 and sign):
        return None
    return (PRIME - x if x & 1 != sign else x), y


def double(point):
    x, y = point
    t = CURVE_D * x * x * y * y % PRIME
    return 2 * x * y * pow(1 + t, -1, PRIME) % PRIME, (y * y + x * x) * pow(1 - t, -1, PRIME) % PRIME


@functools.lru_cache(4096)
def is_strong(data):
    """Whether 32 bytes are the canonical encoding of a point whose order is not 1, 2, 4 or 8."""
    point = decode_point(data)
    return point is not None and double(double(double(point))) != (0, 1)


def verify_strict(public, message, signature):
    """Neither key nor R of small order; R and S canonical; no cofactor. (The library compares R byte by byte.)"""
    if len(signature) != 64 or not is_strong(public) or not is_strong(signature[:32]):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_of(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign_bytes(seed, message):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


# --- Keys and notes ---


def multikey(public):
    return "z" + base58(b"\xed\x01" + public)


def unmultikey(text):
    if not re.fullmatch(f"z[{BASE58}]{{47}}", text):
        raise ValueError("not a Multikey")
    data = unbase58(text[1:])
    if len(data) != 34 or data[:2] != b"\xed\x01" or multikey(data[2:]) != text:
        raise ValueError("not a Multikey of an Ed25519 key")
    return data[2:]


def key_id(name, public):
    return sha256(name.encode(), b"\n\x01", public)[:4]


def vkey(name, public):
    return "+".join([name, key_id(name, public).hex(), base64_text(b"\x01" + public)])


def unvkey(text):
    """Name and public key of a verifier key of type 01."""
    name, number, key = text.split("+", 2)
    data = unbase64(key)
    if data[:1] != b"\x01" or not is_strong(data[1:]) or vkey(name, data[1:]) != f"{name}+{number}+{key}":
        raise ValueError("not a verifier key of type 01")
    return name, data[1:]


def signature_line(name, seed, text):
    return f"— {name} {base64_text(key_id(name, public_of(seed)) + sign_bytes(seed, text.encode()))}\n"


def sign_note(text, signers):
    """The note of a text; `signers` are (name, seed). Lines stand in ascending order of name and key id."""
    ordered = sorted(signers, key=lambda signer: (signer[0], key_id(signer[0], public_of(signer[1]))))
    return text + "\n" + "".join(signature_line(name, seed, text) for name, seed in ordered)


def parse_note(data, signatures_max):
    """Text and lines (name, key id, signature) of a note, or ValueError."""
    note = data.decode()
    if re.search("[\x00-\x09\x0b-\x1f]", note):
        raise ValueError("a control character")
    text, border, rest = note.rpartition("\n\n")
    lines = rest.split("\n")
    if not border or lines.pop() != "" or not 1 <= len(lines) <= signatures_max:
        raise ValueError("no text, no signatures or too many")
    return text + "\n", [parse_line(line) for line in lines]


def parse_line(line):
    match = re.fullmatch("— ([^\\s+]+) ([A-Za-z0-9+/=]+)", line)
    if not match or len(match[1].encode()) > 255:
        raise ValueError("not a signature line")
    data = unbase64(match[2])
    if len(data) < 5:
        raise ValueError("no signature")
    return match[1], data[:4], data[4:]


def open_checkpoint(note, key):
    """Size and root of a checkpoint signed by the log whose verifier key is `key`."""
    name, public = unvkey(key)
    text, lines = parse_note(note.encode(), 100)
    own = [signature for line, number, signature in lines if (line, number) == (name, key_id(name, public))]
    if not own or not all(verify_strict(public, text.encode(), signature) for signature in own):
        raise ValueError("not signed by the log")
    origin, size, root, end = text.split("\n")
    if origin != name or end != "" or len(root) != 44 or decimal(size) >= 2**63:
        raise ValueError("not three lines of this log")
    return decimal(size), unbase64(root)


# --- Canonical JSON ---


def canonical(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def unique(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Refused("body_invalid", "a name stands twice in one object")
    return value


def parse_json(text):
    return json.loads(text, object_pairs_hook=unique)


# --- Cards and prices ---


def card_digest(salt, text):
    return sha256(b"colophon.card/v1\n", salt, text.encode()).hex()


def check_card(text):
    """A JSON object of at most 8 KiB, nested at most 127 deep, of finite numbers and whole characters."""

    def number(digits):
        if float(digits) in (float("inf"), float("-inf")):
            raise ValueError("a number no double holds")

    def refuse(word):
        raise ValueError(f"{word} is not JSON")

    def depth(value):
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if below is None else 1 + max(map(depth, below), default=0)

    if len(text.encode()) > CARD_BYTES_MAX:
        raise ValueError("too large")
    try:
        value = json.loads(text, parse_float=number, parse_int=number, parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(value, dict) or depth(value) > CARD_DEPTH_MAX:
        raise ValueError("not an object, or nested too deep")
    json.dumps(value, ensure_ascii=False).encode()


def price_preimage(terms, amount, currency):
    return canonical(
        {
            "amount": amount,
            "currency": currency,
            "edition": terms["edition"],
            "from": terms["by"],
            "prev": terms["prev"],
            "to": terms["to"],
            "work": terms["work"],
        }
    )


def price_commitment(terms, amount, currency, salt):
    return sha256(b"colophon.price/v1\n", salt, price_preimage(terms, amount, currency).encode()).hex()


def key_list_commitment(keys):
    return sha256(canonical(keys).encode()).hex()


# --- The state tree ---


def state_key(name):
    return sha256(b"colophon.state/v1\n", name.encode())


def bit(key, depth):
    return key[depth // 8] >> (7 - depth % 8) & 1


def record_node(key, value):
    return sha256(b"\x02", key, value)


def fork_node(left, right):
    return sha256(b"\x03", left, right)


def places(records):
    """Sorted (state key, digest) of records given as name: canonical text."""
    return sorted((state_key(name), sha256(record.encode())) for name, record in records.items())


def state_root(standing, depth=0):
    if not standing:
        return bytes(32)
    if len(standing) == 1:
        return record_node(*standing[0])
    sides = [[one for one in standing if bit(one[0], depth) == side] for side in (0, 1)]
    return fork_node(*(state_root(side, depth + 1) for side in sides))


def prove_state(standing, key, depth=0):
    """The path from the place of `key` upward, and in a proof of absence the other record found there."""
    if len(standing) <= 1:
        return [], standing[0] if standing and standing[0][0] != key else None
    sides = [[one for one in standing if bit(one[0], depth) == side] for side in (0, 1)]
    path, other = prove_state(sides[bit(key, depth)], key, depth + 1)
    return path + [state_root(sides[1 - bit(key, depth)], depth + 1)], other


def check_state(root, key, value, path, other):
    """Checks that under `root` the record at `key` has the digest `value`, or with no value is absent."""
    depth = len(path)
    if depth > 256 or (value is not None and other is not None):
        raise Failed("not a state proof")
    if value is not None:
        found = record_node(key, value)
    elif other is not None:
        if other[0] == key or any(bit(other[0], n) != bit(key, n) for n in range(depth)):
            raise Failed("absence is shown by a record that stands elsewhere")
        found = record_node(*other)
    else:
        if depth and path[0] == bytes(32):
            raise Failed("a fork of two empty subtrees")
        found = bytes(32)
    for sibling in path:
        depth -= 1
        found = fork_node(sibling, found) if bit(key, depth) else fork_node(found, sibling)
    if found != root:
        raise Failed("the state proof leads to another root")
