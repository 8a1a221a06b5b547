"""A report 260 KiB off; one whose two fields tell of shmem as well."""

from harness.false_evidence.made import Made, oom

STATUS = {"VmSize": 50_000, "VmRSS": 34_000, "RssAnon": 24_000, "RssFile": 10_000}
BEFORE = {**STATUS, "VmSize": 62_000, "VmRSS": 46_000, "RssAnon": 32_000, "RssFile": 14_000}
FIELDS = {"total_vm": 50_000, "anon_rss": 24_000, "file_rss": 10_000}


def status(name: str, rows: dict[str, int]) -> dict[str, int]:
    return {f"{name}: {field}": value for field, value in rows.items()}


GOOD = Made(records={
    "private": oom("private", **FIELDS), "shared": oom("shared", **FIELDS), "shrunk": oom("shrunk", **FIELDS),
    **status("private", STATUS), **status("private first", STATUS), **status("shared", STATUS),
    **status("shrunk", STATUS), **status("shrunk first", BEFORE)})

CONFIRMS = {"oom-report-three-fields": GOOD, "oom-report-adds-up": GOOD}
REFUTES = {"oom-report-three-fields": GOOD.but(records={"shared: VmRSS": 34_257}),
           "oom-report-adds-up": GOOD.but(records={"private": oom("private", **{**FIELDS, "anon_rss": 24_257})})}
