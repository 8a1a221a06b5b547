"""Are the functions that explanations of tmpfs and of mmap name in the running kernel?

The kernel's own list of symbols, /proc/kallsyms, is read, and each name is looked up in it: those that are asked about,
functions that must be there, and a macro, which every kernel has in its source and none among its symbols. A function
that the compiler has inlined wherever it is called is no function of its own either: then the source has the name, and the
list has not.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import REFUTED, Claim, Experiment, Known, Needs
from harness.lab import Lab
from harness.lab.helpers.kernel import MACRO, SYMBOLS, is_function, record_functions

READ = Claim("kfunc-shmem-file-read", "The kernel has a function called shmem_file_read.", SHARED_MEMORY,
             known=(Known(REFUTED, "mm/shmem.c, shmem_file_read_iter reads instead (v5.10 to v7.2)"),),
    instead="Read and trace shmem_file_read_iter() in its place.")
WRITE = Claim("kfunc-shmem-file-write", "The kernel has a function called shmem_file_write.", SHARED_MEMORY,
              known=(Known(REFUTED, "mm/shmem.c: write_iter of shmem_file_operations is generic_file_write_iter "
                                    "(v5.10, v6.1); mm/shmem.c, shmem_file_write_iter (v6.12, v7.2)"),),
    instead="Read and trace shmem_file_write_iter() in its place, or generic_file_write_iter() on kernels where tmpfs has no "
            "function of its own for it (5.10, 6.1).")
PGOFF = Claim("kfunc-do-mmap-pgoff", "The kernel has a function called do_mmap_pgoff.", SHARED_MEMORY,
              known=(Known(REFUTED, "45e55300f114 (v5.9): mm/util.c, vm_mmap_pgoff calls do_mmap itself (v5.10 to v7.2); in "
                                    "v4.8, and up to v5.8, it was inline", since="4.8"),),
    instead="Read vm_mmap_pgoff() and do_mmap() in its place.")
# Claim → the function that it names, one beside it that must be there.
ASKED = {READ: ("shmem_file_read", "shmem_file_read_iter"), WRITE: ("shmem_file_write", "shmem_write_begin"),
         PGOFF: ("do_mmap_pgoff", "do_mmap")}


def procedure(lab: Lab) -> None:
    record_functions(lab, [*(name for pair in ASKED.values() for name in pair), MACRO])


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(disks=(), files=(SYMBOLS,)),
    rate=0,
    expects=tuple(is_function(claim, *names) for claim, names in ASKED.items()),
)
