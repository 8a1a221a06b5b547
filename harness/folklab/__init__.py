"""The door of the installed lab: `folklab COMMAND`, and `import folklab` for programs that use the lab's modules.

In a wheel this package holds the lab as the checkout has it: harness/, probes/, experiments/, results/. Its modules are
imported by those names wherever they lie, so the door puts their folder first in the import path, and nothing of theirs
lies bare in site-packages. The C programs are compiled on first use, into the user's cache.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSTALLED = (HERE / "harness").is_dir()
ROOT = HERE if INSTALLED else HERE.parents[1]
NOTHING_RAN = 4


def make_ready() -> str:
    """Puts the lab's modules in the import path and compiles what is not compiled yet; says in a line what hindered it."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    try:
        from probes import build

        if INSTALLED:
            from harness import cache

            place = cache.directory("probes", build.digest())
            build.into(place)
            with cache.lock(place / ".lock", "the probes that are being compiled"):
                if missing := build.missing():
                    print(f"folklab: compiling its probes, once ({', '.join(missing)})", file=sys.stderr, flush=True)
                build.build()
    except FileNotFoundError as error:
        return f"{error.filename}: it is not installed; install a C compiler with static libraries (gcc, libc6-dev)"
    except subprocess.CalledProcessError as error:
        return (
            f"probes: the compiler refused them (exit status {error.returncode}, its messages stand above); "
            "install gcc, libc6-dev and Python's headers (python3-dev)"
        )
    except OSError as error:
        return f"{error.filename}: {error.strerror}; name a place that can be written to with FOLKLAB_CACHE"
    return ""


HINDERED = make_ready()
if HINDERED:
    print(HINDERED, file=sys.stderr)


def main() -> None:
    """Runs the command line `folklab COMMAND …`."""
    if HINDERED:
        sys.exit(NOTHING_RAN)
    from harness.cli.program import run

    run()
