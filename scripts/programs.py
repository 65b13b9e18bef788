#!/usr/bin/python3
"""Does every program that scripts and tests call come with a package that scripts/bootstrap.sh installs?

usage: scripts/programs.py        (exit status 1, and a line for each that does not)

Scripts are parsed by shfmt: the first word of each command counts, behind `env`, `timeout` and their like the next one,
and so do scripts that are written down in a script (`bash -c`, a here-document that begins with `#!`). In tests it is the
first word of Command, Tool.run and their like, and what is given to a shell. A word that is only known at run time is not
seen. Which package has a program stands in scripts/programs.txt; where that package is installed, it is asked.
"""

import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
# Those that the README asks for, ours, and what is used only where it is.
GIVEN = {"git", "make", "binutils", "swift", "imgadm", "sudo", "systemd"}
BUILTINS = set(
    ". : [ [[ alias bg break builtin caller cd command compgen complete continue declare dirs disown echo enable eval exec"
    " exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read"
    " readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit umask unalias"
    " unset wait".split()
)
# Those that run what follows their options, and the options that take a word.
WRAPPERS = {
    "env": "-u -C -S", "sudo": "-u -g", "exec": "-a", "nohup": "", "setsid": "", "timeout": "-k -s", "nice": "-n",
    "ionice": "-c -n", "xargs": "-n -P -I -d -a -L -s", "unshare": "--propagation", "setpriv": "", "command": "", "builtin": "",
    "as_root": "", "stdbuf": "", "time": "-f -o", "flock": "-w -E", "!": "",
}
SHELLS = {"sh", "bash", "dash"}


def sh(*words, text=None):
    return subprocess.run(words, input=text, capture_output=True, text=True, cwd=ROOT)


def literal(word):
    """What a word of shell says, or None where it is only known at run time."""
    text = ""
    for part in word.get("Parts", []):
        kind = part.get("Type")
        if kind in ("Lit", "SglQuoted"):
            text += part.get("Value", "")
        elif kind == "DblQuoted":
            inner = literal(part)
            if inner is None:
                return None
            text += inner
        else:
            return None
    return text


def walk(node, calls, functions, documents):
    if isinstance(node, list):
        for item in node:
            walk(item, calls, functions, documents)
    elif isinstance(node, dict):
        kind = node.get("Type")
        if kind == "CallExpr":
            calls.append(node.get("Args") or [])
        elif kind == "FuncDecl":
            functions.add(node["Name"]["Value"])
        if "Hdoc" in node and node["Hdoc"]:
            documents.append(literal(node["Hdoc"]) or "")
        for key, value in node.items():
            if key not in ("Pos", "End"):
                walk(value, calls, functions, documents)


def program_of(words, passed):
    """The word of a simple command that names the program, and the words after it; adds to `passed` what runs it."""
    while words:
        name = literal(words[0])
        if name is None or name not in WRAPPERS:
            return name, words[1:]
        if name in ("command", "builtin") and len(words) > 1 and (literal(words[1]) or "").startswith("-"):
            return None, []
        takes_word = WRAPPERS[name].split()
        rest = words[1:]
        while rest:
            option = literal(rest[0])
            if option is not None and option.startswith("-"):
                rest = rest[2:] if option in takes_word else rest[1:]
            elif name == "env" and (option is None or re.match(r"[A-Za-z_]\w*=", option)):
                rest = rest[1:]
            else:
                break
        if name == "timeout" or name == "flock":
            rest = rest[1:]
        passed.add(name)
        words = rest
    return None, []


def programs_of_shell(text, known=frozenset()):
    """The programs that a script calls by name; None where it is no shell."""
    parsed = sh("shfmt", "--to-json", text=text)
    if parsed.returncode != 0:
        return None
    calls, functions, documents = [], set(known), []
    walk(json.loads(parsed.stdout), calls, functions, documents)
    found = set()
    for words in calls:
        passed = set()
        name, rest = program_of(words, passed)
        found |= passed - BUILTINS - functions - {"!"}
        if name is None:
            continue
        if os.path.basename(name) in SHELLS:
            for flag, script in zip(rest, rest[1:]):
                if re.fullmatch(r"-\w*c", literal(flag) or ""):
                    found |= programs_of_shell(literal(script) or "", functions) or set()
        if name not in BUILTINS and name not in functions:
            found.add(name)
    for document in documents:
        if re.match(r"#!.*\b(ba|da)?sh\b", document):
            found |= programs_of_shell(document, functions) or set()
    return found


def swift_literals(text):
    """Each string literal of a Swift file: where it begins, where it ends, and its text with X for what it interpolates."""
    index, size = 0, len(text)
    while index < size:
        if text.startswith("//", index):
            index = text.find("\n", index) if "\n" in text[index:] else size
        elif text[index] in '"#':
            start = index
            hashes = re.compile("#*").match(text, index).group()
            index += len(hashes)
            if index >= size or text[index] != '"':
                index = max(index, start + 1)
                continue
            quote = '"""' if text.startswith('"""', index) else '"'
            index += len(quote)
            escape, close, value = "\\" + hashes, quote + hashes, ""
            while index < size and not text.startswith(close, index):
                if text.startswith(escape + "(", index):
                    depth, index = 1, index + len(escape) + 1
                    while depth and index < size:
                        depth += {"(": 1, ")": -1}.get(text[index], 0)
                        index += 1
                    value += "X"
                elif text.startswith(escape, index):
                    index += len(escape)
                    value += {"n": "\n", "t": "\t", "\n": ""}.get(text[index], text[index])
                    index += 1
                else:
                    value += text[index]
                    index += 1
            index += len(close)
            if quote == '"""':
                value = "\n".join(line.strip() for line in value.split("\n"))
            yield start, index, value
        else:
            index += 1


ONE_WORD = re.compile(r"(?:Command|Tool\.run|ServerProcess|Leftovers\.run|\.run|subprocess\.run|arguments =)\(?\s*\[?\s*$")
SHELL_TEXT = re.compile(r'(?:\b(?:[sS]hell|sh|script|[tT]ree|pack|Writer|system|run)\(\s*|"-\w*c",\s*\[?|\+ \s*)$')


def programs_of_swift(text):
    found = set()
    joined, at = "", -1
    items = list(swift_literals(text)) + [(len(text) + 9, 0, "")]
    for begin, end, value in items:
        before = text[max(0, begin - 80):begin]
        if at >= 0 and re.fullmatch(r"\s*\+\s*", text[at:begin]):
            joined, at = joined + value, end
            continue
        if joined:
            found |= programs_of_shell(joined) or set()
        joined, at = "", -1
        if ONE_WORD.search(before) and re.fullmatch(r"[\w.+-]+", value):
            found.add(value)
        elif SHELL_TEXT.search(before) and (" " in value or "\n" in value):
            joined, at = value, end
        elif value.lstrip().startswith("#!") and re.match(r"\s*#!.*\b(ba|da)?sh\b", value):
            found |= programs_of_shell(value.lstrip()) or set()
        if re.match(r"\s*(#!.*python|import )", value):
            found |= set(re.findall(r'subprocess\.\w+\(\[\s*"([\w.+-]+)"', value))
    return found


def package_table():
    table = {}
    with open(os.path.join(HERE, "programs.txt"), encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].strip()
            if line:
                package, names = line.split(":")
                for name in names.split():
                    table.setdefault(name, []).append(package)
    return table


def group(*names):
    listed = sh("scripts/bootstrap.sh", "--list", *names)
    if listed.returncode != 0:
        sys.exit(listed.stderr)
    return set(listed.stdout.split())


def everywhere():
    """Packages that every Debian has."""
    lines = sh("dpkg-query", "-W", "-f", "${Package} ${Essential} ${Priority}\n").stdout.splitlines()
    return {line.split()[0] for line in lines if " yes " in line or line.endswith(" required")} | {"apt"}


def guest():
    """Packages of the machine with OpenZFS."""
    found = {"kmod", "udev"}
    for name in ("build-image.sh", "image.sh"):
        with open(os.path.join(ROOT, "Tests/OpenZFS", name), encoding="utf-8") as file:
            for words in re.findall(r'(?:GUEST|EXTRA)_PKGS="([^"]*)"', file.read()):
                found |= set(words.replace("$EXTRA_PKGS", "").split())
    return found


def main():
    table, base, groups = package_table(), everywhere(), {}
    faults = []
    files = sh("git", "ls-files", "--cached", "--others", "--exclude-standard").stdout.split("\n")
    for path in files:
        full = os.path.join(ROOT, path)
        if not os.path.isfile(full):
            continue
        with open(full, encoding="utf-8", errors="replace") as file:
            text = file.read()
        if path.startswith("Tests/") and path.endswith(".swift"):
            found = programs_of_swift(text)
        elif path.endswith(".sh") or re.match(r"#!.*[/ ](ba|da)?sh\b", text):
            functions = {name for other in files if other.endswith(".sh") for name in FUNCTIONS.get(other, ())}
            found = programs_of_shell(text, functions)
            if found is None:
                faults.append(f"{path}: shfmt cannot read it")
                continue
        else:
            continue
        if path == "Tests/OpenZFS/build-image.sh":
            # Some of it is for the machine that it makes.
            have, where = guest() | group("openzfs"), "bootstrap.sh openzfs"
        elif path.startswith("Tests/OpenZFS/") and "bootstrap.sh" not in text and "QEMU" not in text:
            have, where = guest(), "the machine with OpenZFS"
        else:
            names = re.findall(r"bootstrap\.sh (?!GROUP)([a-z]+(?: [a-z]+)*)", text)
            wanted = " ".join(names) or ("test page" if path.startswith("Tests/") else "all")
            if wanted == "all" or path == "scripts/bootstrap.sh":
                wanted = "build zfs test page demo clean openzfs bench lint docs deb"
            if wanted not in groups:
                groups[wanted] = group(*wanted.split())
            have, where = groups[wanted], f"bootstrap.sh {wanted}"
        for name in sorted(os.path.basename(name) for name in found):
            # Of a text in Swift, only what can be a program's name; X stands for what it interpolates.
            if name.endswith((".sh", ".py")) or not re.fullmatch(r"[a-z][a-z0-9_.+-]+", name):
                continue
            packages = table.get(name)
            if packages is None:
                faults.append(f"{path}: {name} is no program that scripts/programs.txt knows")
            elif not any(package in have or package in base or package in GIVEN for package in packages):
                faults.append(f"{path}: {name} is in {' or '.join(packages)}, which {where} does not install")
    for name, packages in sorted(table.items()):
        for package in packages:
            if not has(package, name):
                faults.append(f"scripts/programs.txt: {package} has no {name}")
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


def has(package, name):
    """Whether a package has the program itself, in one that it depends on (python3), or by update-alternatives; true
    where it is not installed and cannot be asked."""
    asked = sh("dpkg-query", "-W", "-f", "${db:Status-Status} ${Pre-Depends} ${Depends}", package)
    if not asked.stdout.startswith("installed"):
        return True
    needs = [package] + re.findall(rf"({re.escape(package)}[\w.+-]*) \(=", asked.stdout)
    listed = sh("dpkg-query", "-L", *needs).stdout
    if re.search(rf"/(s?bin|systemd)/{re.escape(name)}$", listed, re.M):
        return True
    return sh("update-alternatives", "--query", name).returncode == 0


FUNCTIONS = {}


def collect_functions():
    """Functions of scripts that others source, by script."""
    for path in sh("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.sh").stdout.split():
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            FUNCTIONS[path] = set(re.findall(r"^(?:function )?([A-Za-z_]\w*)\(\)", file.read(), re.M))


collect_functions()
sys.exit(main())
