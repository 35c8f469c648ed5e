"""Facts about a crossing, as a line of text and as the request that rules are evaluated over."""

from corridor_cedar import record

EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
REGIONS = {"EU": frozenset(EU), "EEA": frozenset([*EU, "IS", "LI", "NO"])}
PARENTS = {
    ("Country", country): frozenset(("Region", region) for region in REGIONS if country in REGIONS[region])
    for country in REGIONS["EEA"]
}


def pairs(line):
    return dict(word.split("=", 1) for word in line.split(" "))


def listed(text):
    return text.split(",") if text else []


def money(text):
    return {code: int(amount) for code, amount in (each.split(":") for each in listed(text))}


def names(country):
    return [country, *(region for region in REGIONS if country in REGIONS[region])]


def issuer_names(issuer, facts):
    """Under which names rules know who stated a paper."""
    if issuer in ("giver", "maker", "recipient"):
        return [issuer]
    places = {"from": facts["from"], "to": facts["to"], "origin": facts.get("work.origin")}
    return names(issuer) + [word for word, place in places.items() if place == issuer]


def party(facts, key, seat):
    seats = listed(facts.get(f"{key}.listed"))
    return record(
        {
            "country": ("Country", facts.get(f"{key}.country", seat)),
            "maker": facts.get(f"{key}.maker") == "yes",
            "listed": frozenset(name for country in seats for name in names(country)),
        }
    )


def work(facts):
    members = {
        "category": ("Category", facts.get("work.category", "none")),
        "protection": ("Protection", facts.get("work.protection", "none")),
        "source": ("Source", facts.get("work.source", "digitalCreation")),
        "older_than": int(facts.get("work.older", 0)),
    }
    if "work.origin" in facts:
        members["origin"] = ("Country", facts["work.origin"])
    if "work.died" in facts:
        members["maker_died"] = int(facts["work.died"])
    return record(members)


def territory(text):
    """Countries, or None for the world."""
    if text == "world":
        return None
    return frozenset(country for code in text.split("+") for country in REGIONS.get(code, {code}))


def grant(text):
    kind, places, days = text.split(":")
    first, last = map(int, days.split(".."))
    return kind == "exclusive", territory(places), first, last


def meets(one, two):
    places = one[1] is None or two[1] is None or not one[1].isdisjoint(two[1])
    return places and one[2] <= two[3] and two[2] <= one[3]


def is_beyond(asked, held):
    places = held[1] is None or (asked[1] is not None and asked[1] <= held[1])
    return not (places and held[2] <= asked[2] and asked[3] <= held[3]) or (asked[0] and not held[0])


def licence(facts):
    asked = grant(facts["asks"])
    granted = map(grant, listed(facts.get("granted")))
    return record(
        {
            "exclusive": asked[0],
            "beyond": "holds" in facts and is_beyond(asked, grant(facts["holds"])),
            "clashes": any(earlier[0] and meets(earlier, asked) for earlier in granted),
        }
    )


def request(facts):
    papers = [each.split("@") for each in listed(facts.get("papers"))]
    context = {
        "from": ("Country", facts["from"]),
        "to": ("Country", facts["to"]),
        "basis": ("Basis", facts.get("basis", "sale")),
        "delivery": ("Delivery", facts.get("delivery", "digital")),
        "giver": party(facts, "giver", facts["from"]),
        "recipient": party(facts, "recipient", facts["to"]),
        "work": work(facts),
        "professional": facts.get("professional") == "yes",
        "price": record(money(facts.get("price"))),
        "value": record(money(facts.get("value"))),
        "papers": frozenset(
            record({"document": ("Document", document), "by": by})
            for document, issuer in papers
            for by in issuer_names(issuer, facts)
        ),
        "year": int(facts.get("year", 2026)),
    }
    if "held" in facts:
        context["held_days"] = int(facts["held"])
    if "asks" in facts:
        context["licence"] = licence(facts)
    act = ("Action", facts.get("act", "transfer"))
    crossing = {act: frozenset([("Action", "crossing")])} if act[1] != "licence" else {}
    return {
        "principal": ("Account", facts.get("giver", "giver")),
        "action": act,
        "resource": ("Work", facts.get("work", "work")),
        "context": record(context),
        "parents": PARENTS | crossing,
    }
