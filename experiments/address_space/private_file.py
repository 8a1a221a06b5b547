"""What is a private mapping of a file made of, once it was read and once it was written?"""

from experiments.sections import ADDRESS_SPACE
from harness.claims import CONFIRMED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Lab
from harness.needs import MIB, Needs
from harness.quantities import Pages, Quantity, Recorded, SameFrames, pages

SIZE = 16 * MIB
OLD, NEW = 1, 2     # seeds of the pages' contents

READ_CACHED = Claim(
    "private-file-read-cached", "A private file mapping that is only read has its pages in the page cache.",
    ADDRESS_SPACE, known=(Known(CONFIRMED, "mm/memory.c, do_read_fault: it maps the page cache's own page (v6.12)"),))
COW = Claim(
    "private-file-cow", "Writing to a private file mapping copies the page to anonymous memory and leaves file and "
    "cache as they were.", ADDRESS_SPACE,
    known=(Known(CONFIRMED, "mm/memory.c, do_cow_fault and wp_page_copy: the copy is an anonymous page (v6.12)"),))
