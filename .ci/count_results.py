#!/usr/bin/env python3
"""Adds up JUnit files.

count_results.py DIR                  "12 passed, 0 failed, 1 skipped"; exit 1 when something failed
count_results.py --plain DIR STATUS   "12 0"; a stage without files, or one that failed without a failed test
                                      (its build broke, say), counts as one check that ended with STATUS
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count(directory: pathlib.Path) -> tuple[int, int, int]:
    passed = failed = skipped = 0
    for path in sorted(directory.glob("*.xml")):
        for case in ElementTree.parse(path).iter("testcase"):
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"} or case.get("status") == "fail":
                failed += 1
            elif "skipped" in kinds or case.get("status") in ("notrun", "disabled"):
                skipped += 1
            else:
                passed += 1
    return passed, failed, skipped


def main(arguments: list[str]) -> int:
    if arguments[0] == "--plain":
        passed, failed, _ = count(pathlib.Path(arguments[1]))
        if int(arguments[2]) != 0 and failed == 0:
            failed = 1
        elif passed + failed == 0:
            passed = 1
        print(passed, failed)
        return 0
    passed, failed, skipped = count(pathlib.Path(arguments[0]))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
