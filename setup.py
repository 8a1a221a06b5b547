"""What a wheel holds, and where: one package, folklab, with the lab's own folders in it as the checkout has them.

In the checkout harness/, probes/ and experiments/ are the top level; bare in site-packages they would share their names with
whoever else uses them. harness/folklab puts their folder in the import path, so no import is written twice.
"""

from setuptools import find_packages, setup

DOOR = "harness.folklab"
FOLDERS = ("harness", "probes", "experiments")
inside = [name for name in find_packages(include=[f"{folder}*" for folder in FOLDERS]) if name != DOOR]

setup(
    packages=["folklab", "folklab.results", *(f"folklab.{name}" for name in inside)],
    package_dir={"folklab": "harness/folklab", "folklab.results": "results", **{f"folklab.{name}": name for name in FOLDERS}},
    package_data={
        "folklab.harness.bench.mutants": ["reasons.json"],
        "folklab.harness.finding": ["vocabulary.json", "search.js"],
        "folklab.harness.reports": ["templates/*.j2"],
        "folklab.harness.reports.site": ["article.json", "templates/*.j2", "assets/*"],
        # Compiled on the machine that uses them.
        "folklab.probes": ["*.c", "*.h", "*/*.c", "*/*.h"],
        # The published answers, but for their plots, and the noise floors that judges need.
        "folklab.results": ["reference/*.json", "reference/*.md", "reference/claims/*.md", "bench/noise-*.json"],
    },
)
