"""shm-not-from-shell: a shell that gets no segment and no object, and one that gets a page."""

from harness.false_evidence.made import Made

GOOD = Made(
    counters={moment: {"meminfo:Shmem": shmem} for moment, shmem in
              (("shmget", 0), ("file", 0), ("object", 0), ("shm_open", 4))},
    records={"segment: segments": 0, "queue: segments": 0, "shmget: segments": 1, "file: opened": 0,
             "object: opened": 0, "shm_open: opened": 1})

CONFIRMS = {"shm-not-from-shell": GOOD}
REFUTES = {"shm-not-from-shell": GOOD.but(counters={"object": {"meminfo:Shmem": 4}, "shm_open": {"meminfo:Shmem": 8}})}
