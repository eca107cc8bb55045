"""Autobahn's fuzzing client against an echo server: what was not OK, how long it took, how many passed. See README.md."""

import argparse
import collections
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time

# Sections 12 and 13 are of permessage-deflate, which is never negotiated; 8 and 11 are not in the suite.
PARTS = {
    "sections 1 to 7 and 10": (["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"], 247),
    "section 9": (["9.*"], 54),
}
# What passes for a case: as the RFC has it, or a matter that the RFC leaves open.
GOOD = ("OK", "INFORMATIONAL")
PATIENCE = 180


def start(echo):
    """The echo server and its address, from its first line."""
    process = subprocess.Popen([echo], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    ready, _, _ = select.select([process.stdout], [], [], 10)
    found = re.search(r"listening on (\S+)", process.stdout.readline() if ready else "")
    if not found:
        process.kill()
        sys.exit(f"{echo} did not say where it listens")
    return process, found.group(1)


def fuzz(wstest, address, cases, folder):
    """The report of one run by case, and the seconds it took."""
    os.makedirs(folder, exist_ok=True)
    spec = os.path.join(folder, "spec.json")
    with open(spec, "w") as out:
        json.dump({
            "outdir": folder, "servers": [{"agent": "echo", "url": f"ws://{address}"}], "cases": cases,
            "exclude-cases": [], "exclude-agent-cases": {},
        }, out)
    begin = time.monotonic()
    with open(os.path.join(folder, "wstest.log"), "w") as log:
        subprocess.run(
            [wstest, "-m", "fuzzingclient", "-s", spec], cwd=folder, stdout=log, stderr=log, check=True, timeout=PATIENCE)
    seconds = time.monotonic() - begin
    with open(os.path.join(folder, "index.json")) as report:
        return json.load(report)["echo"], seconds


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--echo", required=True, help="the echo server's binary")
    arguments.add_argument("--wstest", required=True)
    arguments.add_argument("--scratch", help="where the reports go")
    arguments.add_argument("--report", help="a folder to keep the reports in")
    arguments.add_argument("--case", help="one case or pattern of cases, as in 9.1.*")
    options = arguments.parse_args()

    parts = {options.case: ([options.case], None)} if options.case else PARTS
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="autobahn-", dir=options.scratch) as scratch:
        folder = os.path.abspath(options.report or scratch)
        server, address = start(os.path.abspath(options.echo))
        try:
            for number, (name, (cases, expected)) in enumerate(parts.items()):
                report, seconds = fuzz(options.wstest, address, cases, os.path.join(folder, str(number)))
                counts = collections.Counter()
                for case in sorted(report, key=lambda text: [int(part) for part in text.split(".")]):
                    found = report[case]
                    counts[found["behavior"]] += 1
                    if found["behavior"] in GOOD and found["behaviorClose"] in GOOD:
                        passed += 1
                    else:
                        failed += 1
                        print(f"FAILED {case}: {found['behavior']}, its close {found['behaviorClose']} "
                              f"({found['remoteCloseCode']}), {found['duration']} ms")
                print(f"{name}: {seconds:.1f} s; " + ", ".join(f"{n} {word}" for word, n in sorted(counts.items())))
                if expected and len(report) != expected:
                    failed += 1
                    print(f"FAILED {name}: {len(report)} cases were run, there are {expected}")
            if server.poll() is not None:
                failed += 1
                print(f"FAILED the echo server ended with {server.returncode}")
        finally:
            server.kill()
            server.wait()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
