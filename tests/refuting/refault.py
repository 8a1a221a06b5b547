"""refault-two-faults: of 512 pages one took a single fault."""

from harness.false_evidence.made import Made

PAGES, START = 512, 0x7F0000000000


def trace(times: int) -> str:
    return "".join(f"           probe-77      [000] d....     5.{page:06d}: page_fault_user: "
                   f"address={START + page * 4096:#x} ip=0x401000 error_code=0x4\n" * times for page in range(PAGES))


def taken(times: int, name: str) -> dict[str, object]:
    return {f"{name}: faults": times * PAGES, f"{name}: exceptions": trace(times), f"{name}: address": START}


GOOD = Made(records={**taken(2, "dropped, read"), **taken(2, "dropped, written"),
                     **taken(1, "written"), **taken(2, "read, then written")},
            pages={"mapped": {"file": {"resident": PAGES}}, "dropped": {"cached": 0},
                  "dropped again": {"cached": 0}})

CONFIRMS = {"refault-two-faults": GOOD}
REFUTES = {"refault-two-faults": GOOD.but(records={"dropped, written: faults": 2 * PAGES - 1})}
