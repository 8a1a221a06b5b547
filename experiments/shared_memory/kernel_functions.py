"""Are the functions that explanations of tmpfs, mmap and the OOM killer name in the running kernel?

The kernel's own list of symbols, /proc/kallsyms, is read, and each name is looked up in it: those that are asked about,
functions that must be there, and a macro, which every kernel has in its source and none among its symbols. A function
that the compiler has inlined wherever it is called is no function of its own either: then the source has the name, and the
list has not.
"""

from experiments.sections import OUT_OF_MEMORY, SHARED_MEMORY
from harness.claims import REFUTED, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity, Recorded
from harness.lab import Lab
from harness.lab.helpers.kernel import SYMBOLS, record_functions

READ = Claim("kfunc-shmem-file-read", "The kernel has a function called shmem_file_read.", SHARED_MEMORY,
             known=(Known(REFUTED, "mm/shmem.c, shmem_file_read_iter reads instead (v5.10 to v7.2)"),),
    instead="Read and trace shmem_file_read_iter() in its place.")
WRITE = Claim("kfunc-shmem-file-write", "The kernel has a function called shmem_file_write.", SHARED_MEMORY,
              known=(Known(REFUTED, "mm/shmem.c: write_iter of shmem_file_operations is generic_file_write_iter "
                                    "(v5.10, v6.1); mm/shmem.c, shmem_file_write_iter (v6.12, v7.2)"),),
    instead="Read and trace shmem_file_write_iter() in its place, or generic_file_write_iter() on kernels where tmpfs has no "
            "function of its own for it (5.10, 6.1).")
PGOFF = Claim("kfunc-do-mmap-pgoff", "The kernel has a function called do_mmap_pgoff.", SHARED_MEMORY,
              known=(Known(REFUTED, "45e55300f114 (v5.9): mm/util.c, vm_mmap_pgoff calls do_mmap itself (v5.10 to v7.2); from "
                                    "v4.8 to v5.8 it was inline", since="4.8"),),
    instead="Read vm_mmap_pgoff() and do_mmap() in its place.")
BAD = Claim("kfunc-select-bad-process", "The kernel has a function of its own called select_bad_process.", OUT_OF_MEMORY,
            known=(Known(REFUTED, "mm/oom_kill.c, select_bad_process: static and called in one place, where GCC inlines such "
                                  "a function (v5.10 to v7.2)"),),
    instead="GCC puts select_bad_process() into its one caller: trace out_of_memory(), oom_badness() or the tracepoint "
            "oom:mark_victim.")
# Claim → the function that it names, one beside it that must be there.
ASKED = {READ: ("shmem_file_read", "shmem_file_read_iter"), WRITE: ("shmem_file_write", "shmem_write_begin"),
         PGOFF: ("do_mmap_pgoff", "do_mmap"), BAD: ("select_bad_process", "out_of_memory")}
MACRO = "for_each_process"      # include/linux/sched/signal.h (v6.12)


def procedure(lab: Lab) -> None:
    record_functions(lab, [*(name for pair in ASKED.values() for name in pair), MACRO])


def there(name: str) -> Quantity:
    return Recorded(name, "functions", title=f"functions called {name}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(disks=(), files=(SYMBOLS,)),
    rate=0,
    expects=tuple(
        Expect(claim, there(asked), if_true=Exactly(1, "its name is a symbol of the kernel's code"),
               if_false=Exactly(0, "it is not in the source, or inlined wherever it is called"),
               reads_true=there(beside), reads_false=there(MACRO),
               says=f"Among the kernel's symbols there {{value:is a|is no}} function {asked}.",
               reference_why="a macro is no function on any kernel: what is looked up is a name, and this one is not there")
        for claim, (asked, beside) in ASKED.items()),
)
