#!/usr/bin/env python3
"""Makes, of the log of a machine's writes, the disk that it has after its power went.

usage: cut.py choose LOG POINTS SEED        prints moments, each as NAME ENTRY SEED
       cut.py make LOG BASE ENTRY SEED OUT  OUT is BASE, and what of the log's writes the disk had kept at that moment

The log is QEMU's (blklogwrites), in the format of dm-log-writes: a superblock, then writes and flushes in the order in which
they were done. At a moment, which is a place in it, the disk has for sure what was written before the last flush. Of what was
written since it has nothing (SEED 0), or a part, whole sectors in any order (another SEED): so do disks that have a cache.

The machine marks in the log what it does, by writes to its first partition, which has no other use: "begin NAME", "end NAME",
"over NAME". The moments of a command lie between begin and over: one is its end; half of the others are at flushes (a flush
each, as far as there are enough), and nothing of what came after was kept; the rest is anywhere between two flushes, with a
part of it. The moment of "proof" is its end alone.
"""

import random
import struct
import subprocess
import sys

MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4
SECTOR = 512
# The first partition, in sectors.
MARKS = range(2048, 4096)


class Entry:
    """A write or a flush. Its data is in the log, at that place."""

    def __init__(self, sector, count, flags, place):
        self.sector, self.count, self.flags, self.place = sector, count, flags, place
        self.flush, self.discard = bool(flags & FLUSH), bool(flags & DISCARD)


def entries(log):
    magic, version, number, size = struct.unpack("<QQQL", log.read(28))
    if (magic, version, size) != (MAGIC, 1, SECTOR):
        sys.exit("cut.py: this is no log of writes to a disk with sectors of 512 bytes")
    found, place = [], SECTOR
    for _ in range(number):
        log.seek(place)
        sector, count, flags, _ = struct.unpack("<QQQQ", log.read(32))
        place += SECTOR
        found.append(Entry(sector, count, flags, place))
        if not flags & DISCARD:
            place += count * SECTOR
    return found


def marks(log, found):
    """{name: {kind: number of the entry}}"""
    places = {}
    for number, entry in enumerate(found):
        if entry.count and not entry.discard and entry.sector in MARKS:
            log.seek(entry.place)
            words = log.read(SECTOR).split(b"\0")[0].decode().split()
            if len(words) == 2:
                places.setdefault(words[1], {})[words[0]] = number
    return places


def choose(log, points, chance):
    """Prints the moments, one of each command, then the next."""
    found, rows = entries(log), []
    for name, place in marks(log, found).items():
        row = [(place["end"], 0)]
        rows.append([name, row])
        if name == "proof":
            continue
        begin, over = place["begin"], place["over"]
        flushes = [number for number in range(begin, over) if found[number].flush]
        if not flushes:
            sys.exit(f"cut.py: the disk was never flushed in {name}")
        print(f"{name}: {over - begin} writes and flushes, {len(flushes)} of them flushes", file=sys.stderr)
        order = []
        while len(row) < points:
            start = chance.choice([begin, *flushes])
            end = min((number for number in flushes if number > start), default=over)
            row.append((chance.randint(start + 1, max(start + 1, end)), chance.randint(1, 1 << 30)))
            order = order or chance.sample(flushes, len(flushes))
            row.append((order.pop() + 1, 0))
    for number in range(points):
        for name, row in rows:
            if number < len(row):
                print(name, *row[number])


def make(log, base, moment, seed, out):
    subprocess.run(["cp", "--sparse=always", base, out], check=True)
    found = entries(log)[:moment]
    kept = max((number + 1 for number, entry in enumerate(found) if entry.flush), default=0)
    chance = random.Random(seed)
    with open(out, "r+b", buffering=0) as disk:

        def write(entry, sectors):
            if entry.discard:
                data = bytes(entry.count * SECTOR)
            else:
                log.seek(entry.place)
                data = log.read(entry.count * SECTOR)
            for start, end in sectors:
                disk.seek((entry.sector + start) * SECTOR)
                disk.write(data[start * SECTOR : end * SECTOR])

        for entry in found[:kept]:
            write(entry, [(0, entry.count)])
        later = found[kept:]
        chance.shuffle(later)
        for entry in later:
            if entry.flags & FUA or seed and chance.random() < 0.3:
                write(entry, [(0, entry.count)])
            elif seed and chance.random() < 0.5:
                write(entry, [(n, n + 1) for n in range(entry.count) if chance.random() < 0.5])


def main():
    verb, path, *words = sys.argv[1:]
    with open(path, "rb") as log:
        if verb == "choose":
            choose(log, int(words[0]), random.Random(int(words[1])))
        elif verb == "make":
            base, moment, seed, out = words
            make(log, base, int(moment), int(seed), out)
        else:
            sys.exit(f"cut.py: no such verb: {verb}")


main()
