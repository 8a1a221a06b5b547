"""tmpfs-file-is-cache: a page too few in Shmem."""

from harness.false_evidence.made import Made

N = 4096
STEPS = {"nothing": (0, 0), "tmpfs": (N, N), "disk": (2 * N, N), "shared": (3 * N, 2 * N), "private": (3 * N, 2 * N)}
GOOD = Made(counters={step: {"meminfo:Cached": 752 + 4 * cached, "meminfo:Shmem": 4 * shmem}
                      for step, (cached, shmem) in STEPS.items()})

CONFIRMS = {"tmpfs-file-is-cache": GOOD}
REFUTES = {"tmpfs-file-is-cache": GOOD.but(counters={"nothing": {"meminfo:Shmem": 4}})}
