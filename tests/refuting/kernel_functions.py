"""The three functions: a symbol that is there, and one that is not."""

from harness.false_evidence.made import Made

ASKED = {"kfunc-shmem-file-read": "shmem_file_read", "kfunc-shmem-file-write": "shmem_file_write",
         "kfunc-do-mmap-pgoff": "do_mmap_pgoff"}
THERE = ("shmem_file_read_iter", "shmem_write_begin", "do_mmap")
NONE = Made(records={**dict.fromkeys(ASKED.values(), 0), **dict.fromkeys(THERE, 1), "for_each_process": 0})

CONFIRMS = {claim: NONE.but(records={name: 1}) for claim, name in ASKED.items()}
REFUTES = dict.fromkeys(ASKED, NONE)
