"""The load generator (load/): built once, called with a server and a list of connections."""

import json
import pathlib
import subprocess

import servers

HERE = pathlib.Path(__file__).resolve().parent


def build(scratch):
    """Compiles what is written in C, and says where it is."""
    scratch.mkdir(parents=True, exist_ok=True)
    compiler = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]
    subprocess.run([*compiler, scratch / "load", *sorted((HERE / "load").glob("*.c"))], check=True)
    subprocess.run([*compiler, scratch / "peer", HERE / "peer.c", "-lsqlite3", "-lcrypto"], check=True)
    return scratch


def write_links(path, rooms):
    """A line of conversation and token for each member of each room."""
    path.write_text("".join(f"{room} {servers.token(user)}\n" for room, users in rooms for user in users))
    return path


def command(scratch, mode, server, links, **options):
    words = [scratch / "load", mode, "--port", server.port, "--server", server.pid, "--links", links]
    for name, value in options.items():
        if value is not None and value is not False:
            words += [f"--{name}"] + ([] if value is True else [value])
    return [str(word) for word in words]


def load(scratch, mode, server, links, **options):
    """Runs one mode to its end. Its figures; `trouble` says what went wrong, if anything did."""
    ran = subprocess.run(command(scratch, mode, server, links, **options), capture_output=True, text=True,
                         timeout=600, preexec_fn=lambda: servers.pin(1))
    return figures(ran.returncode, ran.stdout, ran.stderr)


def figures(status, output, complaints):
    try:
        found = json.loads(output)
    except ValueError:
        found = {}
    faults = {name: found[name] for name in FAULTS if found.get(name)}
    found["trouble"] = None
    if status or faults or not found:
        found["trouble"] = " ".join(f"{name}: {count}" for name, count in faults.items()) or f"status {status}"
        if complaints.strip():
            found["trouble"] += "; " + complaints.strip().splitlines()[-1]
    return found


FAULTS = ("missing", "repeated", "disordered", "diverged", "misrouted", "refused", "closed", "errors")
