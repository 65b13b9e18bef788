/// One way of making a disk image with qemu-img, chosen by a number.
struct Variant: CustomStringConvertible, Sendable {
    let number: Int
    /// A script of shell that makes `disk.img` in the current folder, and `want.raw`, what is in it.
    let script: String
    let description: String

    init(_ number: Int) {
        self.number = number
        var numbers = Numbers(number)
        let size = numbers.one(of: [3 << 20, 7_340_544, 20 << 20, 64 << 20, 300 << 20])
        var lines = ["truncate -s \(size) base.raw"]
        lines += Self.pattern(size, &numbers)
        let (format, steps) = Self.image(number % 10, size, &numbers)
        lines += steps
        lines.append("qemu-img convert -f \(format.name) -O raw disk.img want.raw")
        let wrapping = Self.wrapping(format.label, &numbers)
        lines += wrapping.lines
        script = lines.joined(separator: "\n")
        description = "\(number): \(size) \(format.label) \(wrapping.label)"
    }

    /// What is written on the disk that it is made of.
    private static func pattern(_ size: Int, _ numbers: inout Numbers) -> [String] {
        (0..<numbers.next(14)).map { _ in
            let count = min(numbers.one(of: [512, 4096, 5000, 65536, 700_000, 2_500_000]), size)
            // Now and then at the very end, where pieces of formats are not whole.
            let place = (numbers.next(6) == 0 ? size - count : numbers.next(size - count + 1)) / 512 * 512
            // Random, of text, or of ones.
            let source =
                switch numbers.next(3) {
                case 0: "head -c \(count) /dev/urandom"
                case 1: "seq \(numbers.next(1000)) 9000000 | head -c \(count)"
                default: "head -c \(count) /dev/zero | tr '\\0' '\\377'"
                }
            return
                "(\(source) || true) 2>/dev/null | dd of=base.raw bs=512 seek=\(place / 512) conv=notrunc iflag=fullblock status=none"
        }
    }

    private typealias Format = (name: String, label: String)

    /// Of ten, three are qcow2, which has the most options, two each VMDK, VHD and VHDX.
    private static func image(_ kind: Int, _ size: Int, _ numbers: inout Numbers) -> (Format, [String]) {
        switch kind {
        case 0, 5, 9: qcow2(size, &numbers)
        case 1: vmdk("monolithicSparse", size, &numbers)
        case 6: vmdk("streamOptimized", size, &numbers)
        case 2, 7: vhd(size, &numbers)
        case 3, 8: vhdx(size, &numbers)
        default: (("raw", "raw"), ["cp --sparse=always base.raw disk.img"])
        }
    }

    private static func qcow2(_ size: Int, _ numbers: inout Numbers) -> (Format, [String]) {
        let version = numbers.one(of: ["0.10", "1.1", "1.1", "1.1"])
        let isNew = version == "1.1"
        let clusters = [512, 1024, 4096, 16384, 65536, 65536, 65536, 262_144, 2 << 20]
        let hasSubclusters = isNew && numbers.next(3) == 0
        let cluster = numbers.one(of: hasSubclusters ? clusters.filter { $0 >= 16384 } : clusters)
        let packing = isNew ? numbers.one(of: ["zlib", "zstd"]) : "zlib"
        var options = "compat=\(version),cluster_size=\(cluster)"
        if isNew { options += ",compression_type=\(packing),extended_l2=\(hasSubclusters ? "on" : "off")" }
        if isNew, numbers.next(4) == 0 { options += ",lazy_refcounts=on" }
        var steps: [String] = []
        var label = "qcow2 \(options)"
        switch numbers.next(4) {
        case 0:
            steps.append("qemu-img convert -f raw -c -O qcow2 -o \(options) base.raw disk.img")
            label += " -c"
        case 1:
            steps.append("qemu-img convert -f raw -W -m 8 -O qcow2 -o \(options) base.raw disk.img")
            label += " -W"
        case 2:
            let preallocation = hasSubclusters ? "off" : numbers.one(of: ["off", "metadata", "falloc"])
            steps.append("qemu-img create -q -f qcow2 -o \(options),preallocation=\(preallocation) disk.img \(size)")
            label += " created, \(preallocation)"
        default: steps.append("qemu-img convert -f raw -O qcow2 -o \(options) base.raw disk.img")
        }
        let writes = numbers.next(3) == 0 ? 0 : numbers.next(12)
        if writes > 0 {
            steps.append(self.writes("qcow2", size, cluster, writes, &numbers))
            label += ", \(writes) writes"
        }
        if numbers.next(5) == 0 {
            steps.append("qemu-img snapshot -c one disk.img")
            steps.append(self.writes("qcow2", size, cluster, 4, &numbers))
            label += ", a snapshot"
        }
        return (("qcow2", label), steps)
    }

    /// What a guest may do to a disk.
    private static func writes(
        _ format: String, _ size: Int, _ cluster: Int, _ count: Int, _ numbers: inout Numbers
    ) -> String {
        var line = "qemu-io -f \(format) disk.img"
        for _ in 0..<count {
            let length = min(
                numbers.one(of: [512, 1024, 4096, 65536, 100 * 512, cluster, 3 * cluster]), size / 4 / 512 * 512)
            let place = numbers.next(size - length) / 512 * 512
            let whole = place / cluster * cluster
            let command =
                switch format == "qcow2" ? numbers.next(8) : numbers.next(3) {
                case 5: "write -z \(place) \(length)"
                case 6: "discard \(whole) \(cluster)"
                case 7 where whole + cluster <= size: "write -c -P \(numbers.next(255) + 1) \(whole) \(cluster)"
                default: "write -P \(numbers.next(255) + 1) \(place) \(length)"
                }
            line += " -c '\(command)'"
        }
        // Not all of it is allowed: what is packed cannot be written over what is there. Whatever came of it counts.
        return line + " > io.log || true"
    }

    private static func vmdk(_ kind: String, _ size: Int, _ numbers: inout Numbers) -> (Format, [String]) {
        var steps = ["qemu-img convert -f raw -O vmdk -o subformat=\(kind) base.raw disk.img"]
        if kind == "monolithicSparse" {
            steps.append(writes("vmdk", size, 65536, numbers.next(9) + 1, &numbers))
        } else if numbers.next(2) == 0 {
            // As VMware writes them: the directory at the end, and a header behind it.
            steps.append("python3 tail.py disk.img 1")
        }
        return (("vmdk", "vmdk \(kind)"), steps)
    }

    private static func vhd(_ size: Int, _ numbers: inout Numbers) -> (Format, [String]) {
        let kind = numbers.one(of: ["dynamic", "dynamic", "fixed"])
        let force = numbers.one(of: ["on", "off"])
        var steps = ["qemu-img convert -f raw -O vpc -o subformat=\(kind),force_size=\(force) base.raw disk.img"]
        if numbers.next(2) == 0 { steps.append(writes("vpc", size, 1 << 21, numbers.next(6) + 1, &numbers)) }
        return (("vpc", "vhd \(kind), force_size=\(force)"), steps)
    }

    private static func vhdx(_ size: Int, _ numbers: inout Numbers) -> (Format, [String]) {
        let kind = numbers.one(of: ["dynamic", "dynamic", "fixed"])
        let block = numbers.one(of: [1, 2, 8, 32])
        var steps = [
            "qemu-img convert -f raw -O vhdx -o subformat=\(kind),block_size=\(block)M,log_size=1M base.raw disk.img"
        ]
        if numbers.next(2) == 0 { steps.append(writes("vhdx", size, 1 << 20, numbers.next(6) + 1, &numbers)) }
        return (("vhdx", "vhdx \(kind), blocks of \(block) Mi"), steps)
    }

    private static func wrapping(_ format: String, _ numbers: inout Numbers) -> (lines: [String], label: String) {
        if format.hasPrefix("vmdk"), numbers.next(2) == 0 {
            let sum = numbers.one(of: ["sha1", "sha256"])
            // The manifest second, as it should be, or last.
            let order = numbers.one(of: ["d.ovf d.mf d.vmdk", "d.ovf d.vmdk d.mf"])
            return (
                [
                    "mv disk.img d.vmdk", "echo '<Envelope/>' > d.ovf",
                    "for f in d.ovf d.vmdk; do echo \"\(sum.uppercased())($f)= $(\(sum)sum $f | cut -d' ' -f1)\"; done > d.mf",
                    "tar --format=ustar -cf disk.img \(order)",
                ], "in OVA (\(sum), \(order))"
            )
        }
        let program = numbers.one(of: ["", "", "", "gzip -1", "xz -0", "zstd -q -1", "bzip2 -1"])
        guard !program.isEmpty else { return ([], "") }
        return (["\(program) -c < disk.img > packed", "mv packed disk.img"], "in \(program)")
    }
}
