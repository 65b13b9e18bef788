#!/usr/bin/python3
"""The usage and the options of commands in the manual pages are made of what the programs declare.

usage: scripts/manual.py [--check] [FOLDER]

What stands in docs/*.8 between a line `.\\" BEGIN usage COMMAND [NUMBER]` or `.\\" BEGIN options COMMAND` and `.\\" END` is written anew: the
ways to call a command, all or one of them, from its help, and its options from ArgumentParser's dump. All else is written by hand.
Every way to call a command, and every option, has to have its place. With --check nothing is written; what differs is shown, with exit
status 1. FOLDER has the programs (.build/debug).
"""

import difflib
import json
import os
import re
import subprocess
import sys
import textwrap

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOKEN = re.compile(r"\s+|…|--?[A-Za-z][a-z-]*(?![A-Za-z])|[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*|[a-z][a-z0-9]*(?:-[a-z]+)*|.")
# What stays as it is typed; other values are written small.
CAPITAL = {"URL", "UUID", "VM-UUID"}


def output(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


class Program:
    def __init__(self, folder, name):
        self.name, self.path = name, os.path.join(folder, name)
        self.tree = json.loads(output(self.path, "--experimental-dump-help"))["command"]
        # ArgumentParser's own command for help stands behind ours.
        self.commands = {}
        for command in self.tree["subcommands"]:
            self.commands.setdefault(command["commandName"], command)
        if name != "imgadm":
            del self.commands["help"]

    def forms(self, command):
        """The ways to call a command, without the program's name."""
        usage = re.search(r"^usage: (.*?)(?:\n\n|\Z)", output(self.path, "help", command), re.S | re.M | re.I)[1]
        forms = []
        for line in usage.split("\n"):
            line = line.strip()
            if line.startswith(self.name + " "):
                forms.append(line[len(self.name):].strip())
            else:
                forms[-1] += " " + line
        return forms

    def options(self, command):
        declared = self.tree if command == self.name else self.commands[command]
        return [
            each for each in declared.get("arguments", [])
            if each["kind"] != "positional" and each["shouldDisplay"]
            # Every command has it.
            and (command == self.name or {"kind": "long", "name": "help"} not in each["names"])]

    def places(self):
        """What the page has to have: the numbers of forms and the lists."""
        for command in self.commands:
            yield from (("usage", command, number) for number in range(len(self.forms(command))))
            if self.options(command):
                yield "options", command, None
        if self.name == "imgadm":
            yield "options", self.name, None


def macros(form):
    """A way to call a command, or the value of an option, in the words of mdoc(7)."""
    words, attached = [], False
    for token in TOKEN.findall(form):
        if token.isspace():
            attached = False
            continue
        # A point or the like stands close by itself.
        if attached and token not in "]|.,:;":
            words.append("Ns")
        attached = token not in "[|"
        if token == "[":
            words.append("Oo")
        elif token == "]":
            words.append("Oc")
        elif re.match(r"--?[A-Za-z]", token):
            words += ["Fl", token[1:]]
        elif token[0].isupper():
            words += ["Ar", token if token in CAPITAL else token.lower()]
        elif token[0].islower() or token == "-":
            words += ["Cm", token.replace("-", "\\-")]
        else:
            words.append("..." if token == "…" else token)
    return " ".join(words)


def prose(text):
    """A text as lines of mdoc: a sentence a line, options and variables marked as such."""
    lines = []
    for sentence in re.split(r"(?<=\.) (?=[A-Z])", text.strip()):
        plain = []

        def flush():
            lines.extend(textwrap.wrap(" ".join(plain), 120, break_long_words=False, break_on_hyphens=False))
            plain.clear()

        for word in sentence.replace("\\", "\\e").replace("…", "...").split():
            option = re.fullmatch(r"--?([A-Za-z][\w-]*)([.,:;)]*)", word)
            variable = re.fullmatch(r"([A-Z]+_[A-Z_]+)([.,:;)]*)", word)
            if option:
                flush()
                name = ("-" if word.startswith("--") else "") + option[1]
                lines.append(" ".join([".Fl", name, *option[2]]))
            elif variable:
                flush()
                lines.append(" ".join([".Ev", variable[1], *variable[2]]))
            else:
                plain.append(re.sub(r"^(\W*)(--?)(?=\w|$)", lambda match: match[1] + match[2].replace("-", "\\-"), word))
        flush()
    # What begins with a point or a quote would be a macro.
    return ["\\&" + line if line[0] in ".'" and not re.match(r"\.(Fl|Ev) ", line) else line for line in lines]


def option_list(options):
    lines = [".Bl -tag -width Ds"]
    for option in options:
        value = ""
        if option["kind"] == "option":
            values = [f"Cm {each}" for each in option.get("allValues") or []]
            value = " " + (" | ".join(values) or macros(option["valueName"].upper()))
        names = [f"Fl {'-' if name['kind'] == 'long' else ''}{name['name']}" for name in option["names"]]
        lines.append(f".It {' , '.join(names)}{value}")
        lines += prose(option["abstract"])
    return lines + [".El"]


def block(program, kind, command, number):
    """The lines of a place, and the places that are in it."""
    if kind == "options":
        several = command in program.commands and len(program.forms(command)) > 1
        lead = [".Pp", "The options of", f".Cm {command} :"] if several else []
        return lead + option_list(program.options(command)), [(kind, command, None)]
    forms = program.forms(command)
    numbers = range(len(forms)) if number is None else [number]
    lines = []
    for each in numbers:
        if program.name == "imgadm":
            lines.append(f".It {macros(forms[each])}")
        else:
            # Lines of a synopsis are broken where the macros' are.
            lines += [".Nm", *("." + words for words in re.split(r" (?=Oo Fl|Oo Ar)", macros(forms[each])))]
    if program.name == "imgadm" and numbers[-1] == len(forms) - 1:
        lines += [f".It Cm {alias}" for alias in program.commands[command].get("aliases", [])]
    return lines, [(kind, command, each) for each in numbers]


def page(program, text):
    """The page as it should be, and what is missing in it or there twice."""
    lines, found, inside = [], [], False
    for line in text.split("\n"):
        begin = re.fullmatch(r'\.\\" BEGIN (usage|options) (\S+)(?: (\d+))?', line)
        if begin:
            number = int(begin[3]) - 1 if begin[3] else None
            made, places = block(program, begin[1], begin[2], number)
            lines += [line, *made]
            found += places
            inside = True
        elif line == '.\\" END':
            inside = False
            lines.append(line)
        elif not inside:
            lines.append(line)
    wanted = list(program.places())
    faults = [f"has no place for {place}" for place in wanted if place not in found]
    faults += [f"has a place too many: {place}" for place in found if place not in wanted or found.count(place) > 1]
    if inside:
        faults.append("has a BEGIN without END")
    return "\n".join(lines), faults


def main():
    words = sys.argv[1:]
    check = words[:1] == ["--check"]
    folder = (words[1:] if check else words)[:1] or [os.path.join(ROOT, ".build/debug")]
    failed = False
    for name in ["imgadm", "imgapi-server"]:
        path = os.path.join(ROOT, "docs", f"{name}.8")
        with open(path, encoding="utf-8") as file:
            old = file.read()
        new, faults = page(Program(folder[0], name), old)
        for fault in faults:
            print(f"docs/{name}.8 {fault}", file=sys.stderr)
        if check and new != old:
            sys.stderr.writelines(difflib.unified_diff(
                old.splitlines(True), new.splitlines(True), f"docs/{name}.8", "what the program declares (make manual)"))
        elif new != old:
            with open(path, "w", encoding="utf-8") as file:
                file.write(new)
        failed = failed or bool(faults) or check and new != old
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
