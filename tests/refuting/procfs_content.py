"""procfs-holds-file-data: refuted where one page of what was read is not there."""

from harness.false_evidence.made import Made

N, FILES, KIB = 1500, 68, 4

GOOD = Made(records={"pages of procfs": N, "pages of sysfs": FILES},
            texts={name: {"box/memory.current": f"{(200 + pages) * 4096}\n",
                          "meminfo": f"Cached: {(100 + pages) * KIB} kB\n"}
                   for name, pages in {"start": 0, "procfs": N, "sysfs": N + FILES, "tmpfs": 2 * N + FILES,
                                       "direct": 2 * N + FILES}.items()})

CONFIRMS = {"procfs-holds-file-data": GOOD}
REFUTES = {"procfs-holds-file-data": GOOD.but(texts={"start": {"meminfo": f"Cached: {101 * KIB} kB\n"}})}
