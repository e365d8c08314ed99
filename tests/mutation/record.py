"""record.py: which test runs which line and which way a branch goes, from what gcov recorded of each test.

A tree that is built with -DCMPD_COVERAGE=ON writes record/TEST/ (deploy/cmake/tests.cmake). From it comes
record/TEST/lines.json, with the text of each file as it was then: a line is found again when the file has changed
around it."""
import difflib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

ROOMS = ("server/", "crypto/", "storage/", "bench/")


def tests_in(record):
    """The folders of tests below |record| that a run has left there, by the tests' names."""
    found = {}
    for folder, folders, _ in os.walk(record):
        if "CMakeFiles" in folders:
            found[os.path.relpath(folder, record)] = pathlib.Path(folder)
            folders.clear()
    return found


def programs_of(tree, name):
    """The programs that the test |name| has run, as ninja calls them: they have files of their own, not of a room."""
    folders = (tree / "record" / name / "CMakeFiles").glob("*.dir")
    return sorted(folder.stem for folder in folders if not folder.stem.startswith(("room-", "test-support", "engine-")))


def forget(tree, names):
    for name in names:
        shutil.rmtree(tree / "record" / name, ignore_errors=True)


def run_tests(tree, pattern, **options):
    """Runs the tests of |tree| whose names match, and returns those that failed: they see no error, and are not recorded."""
    said = tree / "Testing/Temporary/LastTestsFailed.log"
    said.unlink(missing_ok=True)  # ctest leaves that of an earlier run
    subprocess.run(["ctest", "-j", str(os.cpu_count()), "--output-on-failure", "-R", pattern], cwd=tree, **options)
    failed = [line.partition(":")[2] for line in said.read_text().splitlines()] if said.exists() else []
    forget(tree, failed)
    return failed


def gcov(tree, folder, source):
    """What gcov says of one test: {file: {line: [ran, [a way of each branch was gone]]}}."""
    data = sorted(folder.glob("CMakeFiles/**/*.gcda"))
    for file in data:
        notes = file.with_suffix(".gcno")
        if not notes.is_symlink():
            notes.symlink_to(tree / file.relative_to(folder).with_suffix(".gcno"))
    said = subprocess.run(
        ["gcov", "--branch-probabilities", "--json-format", "--stdout", *map(str, data)],
        cwd=folder, capture_output=True, text=True, check=True,
    ).stdout
    files = {}
    for unit in map(json.loads, said.splitlines()):
        for file in unit["files"]:
            path = os.path.relpath(os.path.join(unit["current_working_directory"], file["file"]), source)
            if not path.startswith(ROOMS):
                continue
            lines = files.setdefault(path, {})
            for row in file["lines"]:
                ways = [int(branch["count"] > 0) for branch in row["branches"] if not branch["throw"]]
                before = lines.setdefault(row["line_number"], [0, []])
                before[0] |= int(row["count"] > 0)
                before[1] = [a | b for a, b in zip_longest(before[1], ways, fillvalue=0)]
    return files


def summarize(tree, source):
    """Writes lines.json of each test that has none yet. To be called before a source changes."""
    texts = tree / "record" / ".texts"
    texts.mkdir(parents=True, exist_ok=True)
    hashes = {}

    def keep(path):
        if path not in hashes:
            text = (source / path).read_bytes()
            hashes[path] = hashlib.sha256(text).hexdigest()[:16]
            (texts / hashes[path]).write_bytes(text)
        return hashes[path]

    def one(folder):
        files = gcov(tree, folder, source)
        summary = {path: {"text": keep(path), "lines": lines} for path, lines in files.items()}
        (folder / "lines.json").write_text(json.dumps(summary))

    new = [folder for folder in tests_in(tree / "record").values() if not (folder / "lines.json").exists()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, new))


class Record:
    def __init__(self, tree, source):
        self.texts, self.source = tree / "record" / ".texts", source
        self.lines = {}  # file -> line -> [ran, ways]
        self.tests = {}  # file -> line -> names of the tests that run it
        self.moved = {}
        for name, folder in tests_in(tree / "record").items():
            if (folder / "lines.json").exists():
                self.add(name, json.loads((folder / "lines.json").read_text()))

    def now(self, path, text):
        """Where the lines of |path| as it was, |text|, stand in it now."""
        key = path, text
        if key not in self.moved:
            old, new = (self.texts / text).read_text().splitlines(), []
            if (self.source / path).exists():
                new = (self.source / path).read_text().splitlines()
            blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
            self.moved[key] = {a + i + 1: b + i + 1 for a, b, size in blocks for i in range(size)}
        return self.moved[key]

    def add(self, name, summary):
        for path, file in summary.items():
            moved = self.now(path, file["text"])
            lines, tests = self.lines.setdefault(path, {}), self.tests.setdefault(path, {})
            for number, (ran, ways) in file["lines"].items():
                line = moved.get(int(number))
                if line is None:
                    continue
                before = lines.setdefault(line, [0, []])
                before[0] |= ran
                before[1] = [a | b for a, b in zip_longest(before[1], ways, fillvalue=0)]
                if ran:
                    tests.setdefault(line, set()).add(name)

    def tests_of(self, path, first, last):
        """The tests that run one of the lines. What is no code is tried with those of the line before it, or with those that run
        its file, or its room."""
        tests, known = self.tests.get(path, {}), self.lines.get(path, {})
        if any(line in known for line in range(first, last + 1)):
            return set().union(*(tests.get(line, ()) for line in range(first, last + 1)))
        before = max((line for line in known if line < first), default=None)
        if before is not None and before in tests:
            return set(tests[before])
        if known:
            return set().union(*tests.values())
        room = os.path.dirname(path)
        return set().union(*(names for file, lines in self.tests.items() if os.path.dirname(file) == room for names in lines.values()))

    def report(self, rooms):
        """A line for each room and each file, then the ranges of lines that no test runs."""
        rows, missing, total = [], [], {}
        for path in sorted(self.lines):
            if not path.startswith(tuple(rooms)) or not path.endswith(".c"):
                continue
            lines = self.lines[path]
            ran = sum(row[0] for row in lines.values())
            ways = [way for row in lines.values() for way in row[1]]
            room = path.rsplit("/", 1)[0]
            for key in (room, "all"):
                sums = total.setdefault(key, [0, 0, 0, 0])
                for i, value in enumerate((ran, len(lines), sum(ways), len(ways))):
                    sums[i] += value
            gone = sorted(line for line, row in lines.items() if not row[0])
            if gone:
                missing.append(f"{path}: {ranges(gone)}")
        for key in sorted(total, key=lambda key: (key == "all", key)):
            ran, lines, gone, ways = total[key]
            rows.append(f"{key:28} lines {100 * ran / lines:5.1f} % of {lines:6}   branches {100 * gone / max(ways, 1):5.1f} % of {ways:6}")
        return missing + rows


def ranges(numbers):
    found = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)
