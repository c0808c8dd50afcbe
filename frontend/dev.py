"""Serves a debug build; at every change of a source, builds what it concerns and restarts.

    dev.py <trunk> <target folder of the page>

What `make dev` runs. A build that fails leaves the former server running.
"""

import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ["frontend", "shared", "style", "Trunk.toml", "Cargo.toml"]
SERVER = ["frontend", "shared", "server", "Cargo.toml", ".env"]
PROGRAM = ROOT / "target" / "debug" / "open-stream"
# Often enough to feel immediate, seldom enough to cost nothing.
LOOK_EVERY_SECONDS = 0.5


def newest_change(places):
    """The latest modification time of all files in `places`."""
    paths = [ROOT / place for place in places]
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    return max(modified(file) for file in files)


def modified(file):
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # An editor's temporary file.
        return 0


def build_page(trunk, target):
    environment = {**os.environ, "CARGO_TARGET_DIR": target}
    return run([trunk, "build", "--offline", "--config", "Trunk.toml"], environment)


def build_server():
    return run(["cargo", "build", "--package", "open-stream"], os.environ)


def run(command, environment):
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def restart(server):
    if server and server.poll() is None:
        server.send_signal(signal.SIGTERM)
        server.wait()
    return subprocess.Popen([PROGRAM], cwd=ROOT)


def main(trunk, target):
    server, page_built, server_built = None, 0, 0
    while True:
        page_changed, server_changed = newest_change(PAGE), newest_change(SERVER)
        if page_changed > page_built or server_changed > server_built:
            page_is_good = page_changed <= page_built or build_page(trunk, target)
            # Tried, if not built: the next attempt waits for the next change.
            page_built, server_built = page_changed, server_changed
            if page_is_good and build_server():
                server = restart(server)
        time.sleep(LOOK_EVERY_SECONDS)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        # The server is of the same terminal, and got the same signal.
        pass
