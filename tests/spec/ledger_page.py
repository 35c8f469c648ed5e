"""The last section of docs/spec.md: the test vectors that a person can follow with a pencil."""

import json

HEADING = "## 17 Test vectors\n"
SHOWN = ["genesis", "profile", "rotate", "mint", "offer", "accept", "transfer", "close", "seal"]
CARRIED = ["genesis", "carry_account", "carry_edition"]
ACTS = ["log_key", "upgrade", "retire"]


def page(before, vectors):
    """The whole page, its text before the heading kept as it is."""
    start, _, _ = before.partition(HEADING)
    return start + HEADING + "\n" + "\n".join(section(vectors))


def block(text):
    return "```text\n" + text.rstrip("\n") + "\n```\n"


def show(value):
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)


def section(vectors):
    yield (
        "Written by `tests/spec/colophon_spec.py vectors`; `check` compares. All of them, with what must be refused and why, stand in\n"
        "`tests/testdata/vectors.json`. The seed of each key is `SHA-256(\"colophon.vectors/v1\" LF ‖ its name)`.\n"
    )
    yield "### 17.1 Keys, accounts, key ids\n"
    yield "The key id is that of the key as its own account's first; the log's is taken under its origin, in the verifier key.\n"
    yield "| name | seed | public key | Multikey | key id |\n|---|---|---|---|---|"
    for key in vectors["keys"]:
        yield f"| {key['name']} | `{key['seed']}` | `{key['public']}` | `{key['multikey']}` | `{key['key_id']}` |"
    yield "\nThe log's verifier key:\n"
    yield block(vectors["register"]["vkey"])
    yield "A KeyList and its commitment:\n"
    yield block(vectors["key_lists"][1]["canonical"] + "\n" + vectors["key_lists"][1]["commitment"])
    yield "### 17.2 A card and a price\n"
    card = next(card for card in vectors["cards"] if "titles" in card["text"])
    yield block(f"salt    {card['salt']}\ncard    {card['text']}\ndigest  {card['digest']}")
    price = vectors["price"]
    yield "The price of the offer below:\n"
    yield block(f"salt        {price['salt']}\npreimage    {price['preimage']}\ncommitment  {price['commitment']}")
    yield "### 17.3 Entries\n"
    yield "One of each kind, out of one register. `ana` has 2 of 2 keys from index 5 on.\n"
    for kind in SHOWN:
        entry = next(leaf for leaf in vectors["register"]["leaves"] if leaf["kind"] == kind)
        yield f"**{kind}** at index {entry['index']}, entry id `{entry['id']}`, leaf hash `{entry['leaf_hash']}`\n"
        yield block(entry["entry"])
    yield "And one of each act, out of another register.\n"
    for kind in ACTS:
        entry = next(leaf for leaf in vectors["acts"]["leaves"] if leaf["kind"] == kind)
        yield f"**{kind}** at index {entry['index']}, entry id `{entry['id']}`, leaf hash `{entry['leaf_hash']}`\n"
        yield block(entry["entry"])
    yield "And what comes over from a retired register, out of its successor.\n"
    for kind in CARRIED:
        entry = next(leaf for leaf in vectors["succession"]["leaves"] if leaf["kind"] == kind)
        yield f"**{kind}** at index {entry['index']}, entry id `{entry['id']}`, leaf hash `{entry['leaf_hash']}`\n"
        yield block(entry["entry"])
    yield "### 17.4 Records\n"
    yield f"Of that register after its {len(vectors['register']['leaves'])} entries, in ascending order of their names; the state root is"
    yield f"`{vectors['register']['state']}`.\n"
    yield block("\n".join(f"{name}\n    {record}" for name, record in vectors["register"]["records"].items()))
    yield "And the register record of the other one, at its end:\n"
    yield block("register\n    " + vectors["acts"]["records"]["register"])
    yield "### 17.5 A state tree of three records\n"
    state = vectors["state"]
    yield block(
        "\n".join(
            f"{one['key']}  {one['record']}\n    place {one['place']}\n    value {one['value']}" for one in state["records"]
        )
        + f"\nroot  {state['root']}"
    )
    for what, proof in zip(("presence", "presence", "presence", "absence by another record", "absence by nothing"), state["proofs"]):
        yield f"Proof of {what}:\n"
        yield block(show(proof))
    yield "### 17.6 Roots of the log's tree\n"
    yield "Leaf n is the text `leaf n`, n in decimal, from 0.\n"
    yield "| size | root |\n|---|---|"
    for tree in vectors["trees"]:
        yield f"| {tree['size']} | `{tree['root']}` |"
    proof = vectors["inclusion"][3]
    yield f"\nThe inclusion proof of index {proof['index']} in size {proof['size']}:\n"
    yield block("\n".join(proof["proof"]))
