"""Is the function in which the OOM killer is said to choose in the running kernel?

The kernel's own list of symbols, /proc/kallsyms, is read, and select_bad_process is looked up in it, with a function that
must be there and a macro, which every kernel has in its source and none among its symbols. A function that the compiler has
inlined wherever it is called is no function of its own: then the source has the name, and the list has not.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import REFUTED, Claim, Experiment, Known, Needs
from harness.lab import Lab
from harness.lab.helpers.kernel import MACRO, SYMBOLS, is_function, record_functions

BAD = Claim("kfunc-select-bad-process", "The kernel has a function of its own called select_bad_process.", OUT_OF_MEMORY,
            known=(Known(REFUTED, "mm/oom_kill.c, select_bad_process: static and called in one place, where GCC inlines such "
                                  "a function (v5.10 to v7.2)"),),
    instead="GCC puts select_bad_process() into its one caller: trace out_of_memory(), oom_badness() or the tracepoint "
            "oom:mark_victim.")
NAMES = ("select_bad_process", "out_of_memory")


def procedure(lab: Lab) -> None:
    record_functions(lab, [*NAMES, MACRO])


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(disks=(), files=(SYMBOLS,)),
    rate=0,
    expects=(is_function(BAD, *NAMES),),
)
