"""The part of Cedar that rules may use: read, and evaluated over a request."""

import re

TOKEN = re.compile(r'[ \n]+|//[^\n]*|"(?:\\.|[^"\\])*"|[A-Za-z0-9_]+|&&|\|\||[=!<>]=|::|[-+*<>!@.,;:(){}\[\]=]')
LONG = range(-(2**63), 2**63)
METHODS = ("contains", "containsAll", "containsAny", "isEmpty")


class CedarError(Exception):
    """What is not read, or cannot be evaluated."""


def tokens(text):
    found, place = [], 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if not match:
            raise CedarError(f"{text[place : place + 20]!r} is no token")
        place = match.end()
        if not match[0].isspace() and not match[0].startswith("//"):
            found.append(match[0])
    return found


class Reader:
    """Reads policies by recursive descent; an expression becomes nested tuples."""

    def __init__(self, text):
        self.left = tokens(text)[::-1]

    def peek(self):
        return self.left[-1] if self.left else None

    def take(self, *expected):
        token = self.left.pop() if self.left else None
        if expected and token not in expected:
            raise CedarError(f"{token!r} where {expected} should be")
        return token

    def takes(self, *expected):
        return self.take() if self.peek() in expected else None

    def policies(self):
        found = []
        while self.left:
            found.append(self.policy())
        return found

    def policy(self):
        notes = {}
        while self.takes("@"):
            name = self.take()
            self.take("(")
            notes[name] = self.take()[1:-1]
            self.take(")")
        effect = self.take("permit", "forbid")
        self.take("(")
        conditions = [self.scope("principal", ","), self.scope("action", ","), self.scope("resource", ")")]
        while (word := self.takes("when", "unless")) is not None:
            self.take("{")
            condition = self.either()
            self.take("}")
            conditions.append(condition if word == "when" else ("!", condition))
        self.take(";")
        return notes, effect, [condition for condition in conditions if condition]

    def scope(self, name, end):
        self.take(name)
        condition = None
        if (operator := self.takes("==", "in")) is not None:
            condition = (operator, ("var", name), self.unary())
        self.take(end)
        return condition

    def either(self):
        if self.takes("if"):
            condition = self.either()
            self.take("then")
            yes = self.either()
            self.take("else")
            return ("if", condition, yes, self.either())
        left = self.both()
        while self.takes("||"):
            left = ("||", left, self.both())
        return left

    def both(self):
        left = self.relation()
        while self.takes("&&"):
            left = ("&&", left, self.relation())
        return left

    def relation(self):
        left = self.sum()
        operator = self.takes("==", "!=", "<", "<=", ">", ">=", "in", "has")
        if operator is None:
            return left
        if operator == "has":
            return ("has", left, self.take())
        return (operator, left, self.sum())

    def sum(self):
        left = self.product()
        while (operator := self.takes("+", "-")) is not None:
            left = (operator, left, self.product())
        return left

    def product(self):
        left = self.unary()
        while self.takes("*"):
            left = ("*", left, self.unary())
        return left

    def unary(self):
        if (operator := self.takes("!", "-")) is not None:
            return ("!" if operator == "!" else "negative", self.unary())
        left = self.primary()
        while self.takes("."):
            name = self.take()
            if name not in METHODS:
                left = ("get", left, name)
                continue
            self.take("(")
            arguments = [] if self.peek() == ")" else [self.either()]
            self.take(")")
            left = (name, left, *arguments)
        return left

    def primary(self):
        token = self.take()
        if token == "(":
            inner = self.either()
            self.take(")")
            return inner
        if token == "[":
            return ("set", self.listed("]", self.either))
        if token == "{":
            return ("record", self.listed("}", self.member))
        if token in ("principal", "action", "resource", "context"):
            return ("var", token)
        if token in ("true", "false"):
            return ("literal", token == "true")
        if token.isdigit():
            return ("literal", number(int(token)))
        if token.startswith('"'):
            return ("literal", token[1:-1])
        self.take("::")
        return ("literal", (token, self.take()[1:-1]))

    def listed(self, end, member):
        members = []
        while not self.takes(end):
            members.append(member())
            if self.peek() != end:
                self.take(",")
        return members

    def member(self):
        name = self.take()
        self.take(":")
        return name, self.either()


def number(value):
    if value not in LONG:
        raise CedarError("a number overflows")
    return value


class Record(frozenset):
    """A record: pairs of name and value, so that sets can hold it."""

    def value(self, name):
        for own, value in self:
            if own == name:
                return value
        raise CedarError(f"there is no {name}")


def record(members):
    return Record(members.items())


def evaluate(expression, request):
    """An entity is a pair of type and id; `request` has the four variables, and `parents` of entities."""
    operator, *parts = expression
    if operator == "literal":
        return parts[0]
    if operator == "var":
        return request[parts[0]]
    if operator in ("&&", "||", "if"):
        return choose(operator, parts, request)
    if operator == "set":
        return frozenset(evaluate(part, request) for part in parts[0])
    if operator == "record":
        return record({name: evaluate(part, request) for name, part in parts[0]})
    value = evaluate(parts[0], request)
    if operator == "get":
        return value.value(parts[1])
    if operator == "has":
        return any(name == parts[1] for name, _ in value)
    if operator == "in":
        return is_in(value, evaluate(parts[1], request), request["parents"])
    return compute(operator, value, *(evaluate(part, request) for part in parts[1:]))


def choose(operator, parts, request):
    """What is evaluated only where it matters."""
    first = evaluate(parts[0], request)
    if operator == "if":
        return evaluate(parts[1] if first else parts[2], request)
    if first == (operator == "||"):
        return first
    return evaluate(parts[1], request)


def is_in(entity, place, parents):
    places = place if isinstance(place, frozenset) else {place}
    return entity in places or not parents.get(entity, frozenset()).isdisjoint(places)


COMPUTE = {
    "!": lambda value: not value,
    "negative": lambda value: number(-value),
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "+": lambda left, right: number(left + right),
    "-": lambda left, right: number(left - right),
    "*": lambda left, right: number(left * right),
    "contains": lambda left, right: right in left,
    "containsAll": lambda left, right: left >= right,
    "containsAny": lambda left, right: not left.isdisjoint(right),
    "isEmpty": lambda left: not left,
}


def compute(operator, *values):
    return COMPUTE[operator](*values)
