"""kfunc-select-bad-process: a symbol that is there, and one that is not."""

from harness.false_evidence.made import Made

NONE = Made(records={"select_bad_process": 0, "out_of_memory": 1, "for_each_process": 0})

CONFIRMS = {"kfunc-select-bad-process": NONE.but(records={"select_bad_process": 1})}
REFUTES = {"kfunc-select-bad-process": NONE}
