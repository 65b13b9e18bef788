#!/usr/bin/python3
"""Do modules depend on what they import, and on nothing else? Is the table in docs/architecture.md true?

usage: scripts/modules.py         (exit status 1, and a line for each fault)

What a target of Package.swift declares must be what its files import. In the table every module of ours has a row, it uses
only modules of rows above its own, and none of those that stand in backticks under "knows nothing of".
"""

import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What comes with the toolchain.
SYSTEM = {"Glibc", "SwiftGlibc", "Foundation", "FoundationEssentials", "Dispatch", "Synchronization", "Testing", "Swift"}
IMPORT = re.compile(
    r"^[ \t]*(?:@\w+\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|func|typealias|let|var)\s+)?(\w+)", re.M)
# Scripts in texts import, too.
TEXT = re.compile(r'"""(?:.|\n)*?"""')


def imports(folder):
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            if not name.endswith(".swift"):
                continue
            path = os.path.join(where, name)
            with open(path, encoding="utf-8") as file:
                for module in IMPORT.findall(TEXT.sub("", file.read())):
                    found.setdefault(module, os.path.relpath(path, ROOT))
    return found


def declared(target):
    for dependency in target["dependencies"]:
        kind = next(key for key in ("byName", "target", "product") if key in dependency)
        yield dependency[kind][0]


def rows():
    with open(os.path.join(ROOT, "docs/architecture.md"), encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if line.startswith("| `") and len(cells) == 3:
                yield re.findall(r"`([\w-]+)`", cells[0]), re.findall(r"`([\w-]+)`", cells[2])


def main():
    dump = subprocess.run(["swift", "package", "dump-package"], capture_output=True, text=True, cwd=ROOT)
    if dump.returncode != 0:
        sys.exit(dump.stderr)
    faults = []
    targets = {target["name"]: target for target in json.loads(dump.stdout)["targets"]}
    programs = {name for name, target in targets.items() if target["type"] == "executable"}
    places, hidden = {}, {}
    for modules, unknown in rows():
        for module in modules:
            if module not in targets:
                faults.append(f"docs/architecture.md: there is no module {module}")
            places[module] = len(places)
            hidden[module] = set(unknown)
    for name, target in targets.items():
        # What is C has nothing to import, and no row.
        if target["type"] == "system" or name == "CHost":
            continue
        folder = target.get("path") or ("Tests/" if target["type"] == "test" else "Sources/") + name
        used = imports(os.path.join(ROOT, folder))
        names = set(declared(target))
        for module in sorted(set(used) - names - SYSTEM - {name}):
            # A library of the system that this machine lacks is no target, and not compiled in.
            if module not in targets and os.path.exists(os.path.join(ROOT, "Sources", module, "module.modulemap")):
                continue
            faults.append(f"Package.swift: {name} imports {module} ({used[module]}) and does not declare it")
        # Tests run our programs; nobody imports those.
        for module in sorted(names - set(used) - programs):
            faults.append(f"Package.swift: {name} declares {module} and does not import it")
        if target["type"] == "test" or folder.startswith("Tests/") or target.get("path"):
            continue
        if name not in places:
            faults.append(f"docs/architecture.md: the table has no row for {name}")
            continue
        for module in sorted(names & set(places)):
            if places[module] >= places[name]:
                faults.append(f"docs/architecture.md: {name} uses {module}, which stands below it")
            if module in hidden[name]:
                faults.append(f"docs/architecture.md: {name} is said to know nothing of {module}, which it uses")
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


sys.exit(main())
