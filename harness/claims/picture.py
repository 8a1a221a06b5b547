"""Names the kinds of pictures. A quantity's class says which shows it best (`PICTURE`); where it does not, its unit does."""

PAGE_MAP = "page map"  # every page of a range, by what it was at a moment
CANDIDATES = "candidates"  # who could be killed, with which score, and who was
REQUESTS = "requests"  # how much was asked for, against the limit, and what was answered
COURSE = "course"  # a counter over time
DOTS = "dots"  # numbers of all trials in the two ranges
MARKS = "marks"  # yes or no, a name, a small count: a table without an axis
KINDS = (PAGE_MAP, CANDIDATES, REQUESTS, COURSE, DOTS, MARKS)
