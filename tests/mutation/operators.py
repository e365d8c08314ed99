"""operators.py: the small errors that a text in C can have, as replacements of a stretch of it."""
import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)
      |(?P<directive>^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
      |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')
      |(?P<number>\b(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b)
      |(?P<name>[A-Za-z_]\w*)
      |(?P<sign><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\s\w])""",
    re.X | re.S | re.M,
)
KEYWORDS = set("if while for switch return sizeof else do case default goto break continue".split())
# A statement that calls one of these is what other threads, other processes or a later reader of memory depend on.
LEFT_OUT = re.compile(r"lock|wake|signal|notify|broadcast|cleanse|wipe|fsync|sync|free|close|release|unref|_end$|_done$")
# Of these it is the same which argument is the first; of COMPARES, where only equality is asked for.
ALIKE = {"bytes_equal", "secret_equal", "address_equal", "fmin", "fmax"}
COMPARES = {"strcmp", "strncmp", "strcasecmp", "strncasecmp", "memcmp"}
NEIGHBOUR = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
OPEN, CLOSE = set("([{"), set(")]}")


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    begin: int
    end: int
    place: str  # "" outside of all braces, else what the outermost of them hold: code, table or type


@dataclass(frozen=True)
class Mutant:
    operator: str
    begin: int
    end: int
    text: str  # what stands there instead

    def apply(self, source):
        return source[: self.begin] + self.text + source[self.end :]


def tokens_of(source):
    tokens, depth, place = [], 0, ""
    for match in TOKEN.finditer(source):
        if match.lastgroup in ("comment", "directive"):
            continue
        depth -= match[0] == "}"
        if depth == 0 and match[0] == "{":
            before = [token.text for token in tokens[-2:]]
            place = "code" if before[-1:] == [")"] else "table" if before[-1:] == ["="] else "type"
        tokens.append(Token(match.lastgroup, match[0], match.start(), match.end(), place if depth else ""))
        depth += match[0] == "{"
    return tokens


class Reader:
    """The tokens of one file, and where what stands around one of them begins and ends."""

    def __init__(self, source):
        self.source = source
        self.tokens = tokens_of(source)
        self.partner = {}
        stack = []
        for at, token in enumerate(self.tokens):
            if token.kind == "sign" and token.text in OPEN:
                stack.append(at)
            elif token.kind == "sign" and token.text in CLOSE and stack:
                other = stack.pop()
                self.partner[at], self.partner[other] = other, at

    def text(self, at):
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def stretch(self, first, last):
        return self.source[self.tokens[first].begin : self.tokens[last].end]

    def operand(self, at, step, stops):
        """The last token of the operand that begins beside |at|, going by |step|."""
        here = at + step
        while 0 <= here < len(self.tokens):
            text = self.text(here)
            if text in stops or (self.tokens[here].kind == "sign" and text in (OPEN if step < 0 else CLOSE)):
                break
            here = self.partner.get(here, here) + step
        return here - step

    def mutant(self, operator, first, last, text):
        return Mutant(operator, self.tokens[first].begin, self.tokens[last].end, text)


ENDS = {";", ",", "?", ":", "=", "return", "{", "}"}


def of_conditions(reader, at):
    text = reader.text(at)
    if text in ("if", "while") and reader.text(at + 1) == "(" and at + 1 in reader.partner:
        close = reader.partner[at + 1]
        if reader.text(close + 1) != ";":  # not the end of do ... while
            yield reader.mutant("condition inverted", at + 1, close, f"(!{reader.stretch(at + 1, close)})")
    elif text == "?":
        first = reader.operand(at, -1, ENDS)
        yield reader.mutant("condition inverted", first, at - 1, f"!({reader.stretch(first, at - 1)})")
    elif text in ("&&", "||"):
        stops = ENDS | ({"&&", "||"} if text == "&&" else {"||"})
        first, last = reader.operand(at, -1, stops), reader.operand(at, 1, stops)
        yield reader.mutant("condition dropped", first, at, "")
        yield reader.mutant("condition dropped", at, last, "")
    elif text == "!" and reader.text(at + 1) != "=":
        yield reader.mutant("condition inverted", at, at, "")


def of_numbers(reader, at):
    token = reader.tokens[at]
    if token.text in NEIGHBOUR:
        kind = "condition inverted" if token.text in ("==", "!=") else "off by one"
        yield reader.mutant(kind, at, at, NEIGHBOUR[token.text])
    elif token.text in "+-" and reader.text(at + 1) == "1" and reader.text(at - 1) not in ENDS | {"("}:
        yield reader.mutant("off by one", at, at + 1, "")
    elif token.kind == "number":
        # The size of an array that is declared is no decision.
        if reader.text(at - 1) == "[" and reader.tokens[at - 3].kind == "name" and reader.text(at - 3) not in KEYWORDS:
            return
        digits = token.text.rstrip("uUlL")
        suffix = token.text[len(digits) :]
        value = int(digits, 8) if re.fullmatch("0[0-7]+", digits) else int(digits, 0)
        yield reader.mutant("constant changed", at, at, f"{value + 1}{suffix}")
        if value > 1:
            yield reader.mutant("constant changed", at, at, f"{value - 1}{suffix}")


def of_outcomes(reader, at, siblings):
    text = reader.text(at)
    if text == "return" and reader.text(at + 2) == ";" and reader.text(at + 1) in ("0", "1"):
        yield reader.mutant("outcome confused", at + 1, at + 1, "1" if reader.text(at + 1) == "0" else "0")
    if reader.text(at - 1) == "[" and reader.text(at + 1) == "]":
        return  # of how many, or which of them: no outcome
    for other in siblings.get(text, ()):
        yield reader.mutant("outcome confused", at, at, other)


def of_statements(reader, at):
    """The statement that begins at |at|, if it may be left out: no declaration, no return."""
    before, first, second = reader.text(at - 1), reader.tokens[at], reader.text(at + 1)
    if not (before in (";", "{", "}", ")", "else", ":")):
        return
    if first.text in ("break", "continue"):
        yield reader.mutant("statement left out", at, at, "")
        return
    if first.kind != "name" or first.text in KEYWORDS or second not in ("(", "=", "->", ".", "[", "++", "--", "+=", "-=", "|=", "&="):
        return
    if before == ")" and reader.text(reader.partner.get(at - 1, at) - 1) not in ("if", "while", "for"):
        return
    last = reader.operand(at, 1, {";", "}"})
    if reader.text(last + 1) == ";":
        kind = "wake, lock or wipe left out" if second == "(" and LEFT_OUT.search(first.text) else "statement left out"
        yield reader.mutant(kind, at, last, "")


def of_arguments(reader, at):
    if reader.tokens[at].kind != "name" or reader.text(at) in KEYWORDS or reader.text(at + 1) != "(" or at + 1 not in reader.partner:
        return
    close, begin, arguments = reader.partner[at + 1], at + 2, []
    while begin < close:
        last = reader.operand(begin - 1, 1, {","})
        arguments.append((begin, last))
        begin = last + 2
    if reader.text(at) in ALIKE or (reader.text(at) in COMPARES and reader.text(close + 1) in ("==", "!=")):
        arguments = arguments[1:]
    for (first, middle), (next_first, last) in zip(arguments, arguments[1:]):
        one, two = reader.stretch(first, middle), reader.stretch(next_first, last)
        if one != two:
            yield reader.mutant("arguments swapped", first, last, f"{two}, {one}")


def siblings_of(headers):
    """Of each enumerator the next one of its enumeration: what it is confused with."""
    siblings = {}
    for text in headers:
        for body in re.findall(r"\benum(?:\s+\w+)?\s*\{([^{}]*)\}", re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)):
            names = re.findall(r"(?:^|,)\s*([A-Z][A-Z0-9_]*)", body)
            for name, other in zip(names, names[1:] + names[:1]):
                if name != other and not name.endswith("_MAX"):
                    siblings[name] = [other]
    return siblings


def mutants_of(source, siblings):
    """All mutants of |source|, each with the number of the line where it begins."""
    reader, found = Reader(source), []
    for at, token in enumerate(reader.tokens):
        found += of_numbers(reader, at) if token.place == "code" or token.kind == "number" else []
        found += of_outcomes(reader, at, siblings) if token.place in ("code", "table") else []
        if token.place == "code":
            found += of_conditions(reader, at)
            found += of_statements(reader, at)
            found += of_arguments(reader, at)
    starts, line = [], 1
    for mutant in found:
        line = source.count("\n", 0, mutant.begin) + 1
        starts.append((line, mutant))
    return starts
