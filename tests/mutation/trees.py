"""trees.py: a copy of the sources, its trees as tests/run builds them, and single tests run in these."""
import fcntl
import itertools
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

ASAN = ["-DCMPD_SANITIZE=address,undefined", "-DCMPD_TEST_PREFIX=asan/", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS_DEBUG=-O1 -g"]
runs = itertools.count()
COVERAGE = ["-DCMPD_COVERAGE=ON", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS_DEBUG=-Og -g"]


def run(command, seconds=None, **options):
    """(status, output); the status is None when the time is over. What it began ends with it, and its files are gone."""
    mark = f"{os.getpid()}-{next(runs)}"  # workers of Criterion leave their group, but not their environment
    with tempfile.TemporaryDirectory(prefix="mutate-", ignore_cleanup_errors=True) as folder, tempfile.TemporaryFile() as output:
        os.chmod(folder, 0o755)  # a database of another user lives in it
        options["env"] = dict(options.get("env") or os.environ, CMPD_RUN=mark, TMPDIR=folder)
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **options)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        end_all(f"CMPD_RUN={mark}".encode())
        process.wait()
        output.seek(0)
        return status, output.read().decode(errors="replace")


def end_all(mark):
    """Kills every process that has |mark| in its environment."""
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in path.read_bytes().split(b"\0"):
                os.kill(int(path.parent.name), signal.SIGKILL)
        except OSError:
            continue  # it has ended meanwhile, or is somebody else's


def copy_sources(origin, copy):
    """Makes |copy| what |origin| is, ignored files left out; what is the same already keeps its time."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=origin, capture_output=True, check=True, text=True
    ).stdout
    wanted = {name for name in listed.split("\0") if name and (origin / name).exists()}
    for name in wanted:
        text, there = (origin / name).read_bytes(), copy / name
        if not there.exists() or there.read_bytes() != text:
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(text)
            there.chmod((origin / name).stat().st_mode)
    for folder, _, names in os.walk(copy):
        for name in names:
            path = pathlib.Path(folder, name)
            if str(path.relative_to(copy)) not in wanted:
                path.unlink()


@dataclass(frozen=True)
class Test:
    name: str
    command: tuple
    environment: tuple


def tests_of(folder):
    """The tests of a tree, by name."""
    said = subprocess.run(["ctest", "--show-only=json-v1"], cwd=folder, capture_output=True, text=True, check=True).stdout
    found = {}
    for row in json.loads(said)["tests"]:
        command = tuple(row.get("command", ()))
        if not command:
            continue  # not built yet
        properties = {item["name"]: item["value"] for item in row["properties"]}
        found[row["name"]] = Test(row["name"], command, tuple(properties.get("ENVIRONMENT", ())))
    return found


def alone(work):
    """Holds |work| for this process: whoever else puts errors into it waits."""
    work.mkdir(parents=True, exist_ok=True)
    lock = open(work / "lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


class Tree:
    def __init__(self, folder, source, prefix, options=()):
        self.folder = folder
        status, output = run(
            ["cmake", "-S", str(source), "-B", str(folder), "-G", "Ninja", "--log-level=WARNING", "-Wno-dev", f"-DCMPD_PREFIX={prefix}", *options]
        )
        if status != 0:
            raise SystemExit(f"tests/mutate: {folder} cannot be configured:\n{output}")

    def build(self, targets=(), seconds=None):
        return run(["ninja", "-C", str(self.folder), *(targets or ("all", "test-programs"))], seconds)

    def times(self):
        """What each test last took here, in seconds."""
        try:
            rows = (self.folder / "Testing/Temporary/CTestCostData.txt").read_text().split("---")[0].splitlines()
        except FileNotFoundError:
            return {}
        return {name: float(cost) for name, runs, cost in (row.split() for row in rows) if int(runs) > 0}

    def run(self, test, seconds):
        begin = time.monotonic()
        environment = dict(os.environ, **dict(item.split("=", 1) for item in test.environment))
        status, output = run(list(test.command), seconds, cwd=self.folder, env=environment)
        return status, output, time.monotonic() - begin
