"""The corridor in Python: the shipped rule sets, their tables of cases, and the decisions that are pinned.

corridor_rules.py check     compares every answer with what the tables expect, and the digest of the sets with the pinned one
"""

import hashlib
import re
import sys
from pathlib import Path

from corridor_cedar import CedarError, Reader, evaluate
from corridor_facts import REGIONS, listed, money, pairs, request

ENGINE = "corridor/1 cedar/4.14.1"
ROOT = Path(__file__).resolve().parents[2]
BAND = re.compile(r"(\d+(?:\.\d+)?)% (?:to (\d+(?:\.\d+)?)|above)")
DECISIONS = ROOT / "crates/corridor/tests/shipped/decisions.txt"
HEAVIEST = ["notes", "holds", "refuses"]


def royalty(scale, price):
    """What is due of a price in minor units: all bands summed, then a part of a unit is dropped."""
    scale, _, most = scale.partition(", at most ")
    parts, below = 0, 0
    for rate, end in BAND.findall(scale):
        whole, _, part = rate.partition(".")
        points = int(whole) * 100 + int(part.ljust(2, "0"))
        top = min(price, int(end.replace(".", ""))) if end else price
        parts += max(0, top - below) * points
        below = max(below, top)
    due = parts // 10_000
    return min(due, int(most.replace(".", ""))) if most else due


def whom(by, facts):
    if by in ("from", "to"):
        return facts[by]
    return facts.get("work.origin", "origin") if by == "origin" else by


def can_be_had(document, of, facts):
    if of in ("giver", "maker", "recipient", "origin"):
        return True
    countries = REGIONS.get(of, frozenset()) | {of}
    return any(f"{document}@{country}" in listed(facts.get("enrolled")) for country in countries)


def finding(notes, effect, facts):
    """What a rule does that applies, and what it says."""
    if "cure" in notes:
        return {"refuse": "refuses", "hold": "holds"}[notes["outcome"]], ""
    of = whom(notes["by"], facts)
    if effect == "forbid":
        wanted = f"{notes['document']} of {of}"
        if not can_be_had(notes["document"], of, facts):
            return "notes", f": nobody attests {wanted}"
        return {"refuse": "refuses", "hold": "holds"}[notes["outcome"]], f": needs {wanted}"
    says = f": owes {notes['owes']} of {of}"
    if "royalty" in notes:
        currency, _, scale = notes["royalty"].partition(" ")
        prices = money(facts.get("price"))
        if currency not in prices:
            return "refuses", ": cannot be evaluated"
        says += f", {royalty(scale, prices[currency])} {currency}"
    if "within_days" in notes:
        says += f", within {notes['within_days']} days"
    return "notes", says


def applying(sets, facts):
    """Each rule that applies, or fails, in the order of their ids: id, annotations, effect, and whether it fails."""
    asked, found = request(facts), []
    for name, policies in sets.items():
        for notes, effect, conditions in policies:
            rule = f"{name}/{notes['id']}"
            try:
                if all(evaluate(condition, asked) for condition in conditions):
                    found.append((rule, notes, effect, False))
            except CedarError:
                found.append((rule, notes, effect, True))
    return sorted(found, key=lambda one: one[0])


def judge(sets, line):
    facts = pairs(line)
    found = {
        rule: ("refuses", ": cannot be evaluated") if fails else finding(notes, effect, facts)
        for rule, notes, effect, fails in applying(sets, facts)
    }
    heaviest = max((HEAVIEST.index(weight) for weight, _ in found.values()), default=0)
    told = [f"{rule} {weight}{says}" for rule, (weight, says) in sorted(found.items())]
    return "; ".join([["allow", "hold", "refuse"][heaviest], *told])


def cases(table):
    given = {}
    for line in table.splitlines():
        if line.startswith("given "):
            given = pairs(line.removeprefix("given "))
        elif line and not line.startswith("#"):
            told, expected, reason = line.split(" | ")
            facts = given | (pairs(told) if told != "-" else {})
            yield " ".join(f"{key}={value}" for key, value in facts.items()), expected, reason


def texts():
    return {path.stem: path.read_text() for path in sorted((ROOT / "rules").glob("*.cedar"))}


def digest():
    whole = hashlib.sha256(b"colophon.corridor/v1\n")
    for name, text in texts().items():
        whole.update(hashlib.sha256(f"colophon.rules/v1\n{ENGINE}\n{name}\n{text}".encode()).digest())
    return whole.hexdigest()


def check():
    sets = {name: Reader(text).policies() for name, text in texts().items()}
    tables = [({name: sets[name]}, ROOT / "rules" / f"{name}.cases") for name in sets]
    tables.append((sets, DECISIONS))
    count, wrong = 0, 0
    for rules, path in tables:
        for line, expected, reason in cases(path.read_text()):
            count += 1
            answer = judge(rules, line)
            if answer != expected:
                wrong += 1
                print(f"{path.name} ({reason}): {line}\n  expected {expected}\n  answered {answer}", file=sys.stderr)
    if f"# {ENGINE} {digest()}" not in DECISIONS.read_text().splitlines():
        wrong += 1
        print(f"the pinned digest is not {ENGINE} {digest()}", file=sys.stderr)
    print(f"corridor: {count} cases and decisions, {wrong} answered otherwise")
    return 4 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:] != ["check"]:
        sys.exit(__doc__)
    sys.exit(check())
