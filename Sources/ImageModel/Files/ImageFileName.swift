/// What the name of an image's file tells of it, as distributions name the files of their cloud images:
///
///     debian-13-genericcloud-amd64-20250814-2204.qcow2        debian-13-genericcloud      20250814-2204
///     Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2           Fedora-Cloud-Base-Generic   43-1.6
///     Rocky-9-GenericCloud-Base.latest.x86_64.qcow2           Rocky-9-GenericCloud-Base   (none; the release is 9)
///     nocloud_alpine-3.22.1-x86_64-bios-cloudinit-r0.qcow2    nocloud_alpine-bios-cloudinit   3.22.1-r0
///
/// The rule: what says how the file is packed is no part of the name, nor is the architecture. Words are parted by `-`, `_`,
/// and by `.` where it stands between no digits. The version is what stands at the end in numbers, and a number of three
/// parts wherever it stands. A number elsewhere is the release, and stays in the name, since images of several releases are
/// kept side by side; so does what stands before a date at the end, or before `latest`.
public struct ImageFileName: Sendable, Equatable {
    /// Spelled as in the file's name, but fit to be the name of an image; never empty.
    public let name: String
    /// What tells this file from older ones of the same name; nil where the file's name says nothing of it.
    public let version: String?
    /// Of the operating system.
    public let release: String?
    public let architecture: Architecture?
    public let os: ImageOS?

    /// - Parameter file: without a path before it: of a URL the last component, its escapes resolved.
    public init(_ file: String) {
        let stem = Self.stem(file)
        let (rest, architecture) = Self.partingArchitecture(stem)
        self.architecture = architecture
        var words = Self.words(rest)
        os = words.lazy.compactMap { ImageOS(word: $0.text) }.first
        let isMoving = words.count > 1 && Self.moving.contains(words[words.count - 1].text.lowercased())
        if isMoving { words.removeLast() }

        var tail = words.reversed().prefix { $0.isVersion || $0.isRevision }.count
        if tail == words.count { tail = 0 }
        var head = words.dropLast(tail)
        var run = Array(words.suffix(tail))
        if let full = head.dropFirst().firstIndex(where: \.isFullVersion) {
            run.insert(head.remove(at: full), at: 0)
        }
        let released = head.dropFirst().first { $0.isVersion }
        if isMoving || run.allSatisfy(\.isRevision) {
            head += run
            run = []
        } else if released == nil, let date = run.firstIndex(where: \.isDate), date > 0 {
            head += run[..<date]
            run.removeFirst(date)
        }
        release = (head.dropFirst().first { $0.isVersion } ?? run.first { !$0.isDate && $0.isVersion })
            .flatMap { Self.fit($0.text) }
        name = Self.fit(head.joined) ?? Self.fit(stem) ?? "image"
        version = run.isEmpty ? nil : Self.fit(run.joined)
    }

    /// What stands for whichever is the newest.
    private static let moving: Set = ["latest", "daily", "current", "nightly"]

    /// Longer ones are cut: the limit of manifests is higher, that of tables and tags is not.
    private static let longest = 200

    /// A text as the name or version of an image: only what those may hold; nil if nothing is left.
    public static func fit(_ text: String) -> String? {
        var bytes: [UInt8] = []
        for byte in text.utf8.prefix(longest) {
            let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            if isLetter || byte.isDigit || "._-".utf8.contains(byte) {
                bytes.append(byte)
            } else if bytes.last != UInt8(ascii: "-") {
                bytes.append(UInt8(ascii: "-"))
            }
        }
        let isEdge = { (byte: UInt8) in "-_.".utf8.contains(byte) }
        let inner = bytes.drop(while: isEdge)
        let trimmed = inner.prefix((inner.lastIndex { !isEdge($0) }).map { $0 - inner.startIndex + 1 } ?? 0)
        return trimmed.isEmpty ? nil : String(decoding: trimmed, as: UTF8.self)
    }
}

// MARK: - Parts

extension ImageFileName {
    /// What follows a point to say how a file is packed.
    private static let packings: Set = [
        "gz", "xz", "zst", "zstd", "bz2", "lz4", "tar", "tgz", "txz", "tzst", "qcow2", "qcow2c", "qcow", "img", "raw",
        "vmdk", "vhd", "vhdx", "vdi", "ova", "squashfs", "sqfs", "zfs", "disk", "bin",
    ]

    /// The file's name without what says how it is packed.
    private static func stem(_ file: String) -> String {
        var stem = file[...]
        if let slash = stem.lastIndex(of: "/") { stem = stem[stem.index(after: slash)...] }
        while let point = stem.lastIndex(of: "."), point != stem.startIndex,
            packings.contains(stem[stem.index(after: point)...].lowercased())
        {
            stem = stem[..<point]
        }
        return String(stem.prefix(1024))
    }

    /// Without the architecture and what parts it from the word before it (at the start: behind it).
    private static func partingArchitecture(_ stem: String) -> (String, Architecture?) {
        let bytes = Array(stem.utf8)
        let lower = stem.lowercased().utf8.count == bytes.count ? Array(stem.lowercased().utf8) : bytes
        for (name, architecture) in architectures {
            for start in lower.indices where lower[start...].starts(with: name) {
                let end = start + name.count
                guard start == 0 || bytes[start - 1].isSeparator, end == bytes.count || bytes[end].isSeparator else {
                    continue
                }
                let rest = start > 0 ? bytes[..<(start - 1)] + bytes[end...] : bytes[min(end + 1, bytes.count)...]
                return (String(decoding: rest, as: UTF8.self), architecture)
            }
        }
        return (stem, nil)
    }

    /// Longer names first, as `x86` is a part of `x86_64`. A bare `386` is more often a number.
    private static let architectures: [([UInt8], Architecture)] = Architecture.names
        .filter { $0.key != "386" && !$0.key.contains("/") }
        .sorted { ($1.key.utf8.count, $0.key) < ($0.key.utf8.count, $1.key) }
        .map { (Array($0.key.utf8), $0.value) }

    private static func words(_ text: String) -> [Word] {
        let bytes = Array(text.utf8)
        var words: [Word] = []
        var start = 0
        var separator = ""
        for place in 0...bytes.count {
            let isEnd = place == bytes.count
            guard isEnd || bytes[place].isSeparator else { continue }
            if !isEnd, bytes[place] == UInt8(ascii: "."), place > 0, place + 1 < bytes.count, bytes[place - 1].isDigit,
                bytes[place + 1].isDigit
            {
                continue
            }
            if place > start {
                words.append(Word(text: String(decoding: bytes[start..<place], as: UTF8.self), separator: separator))
            }
            if !isEnd { separator = String(Unicode.Scalar(bytes[place])) }
            start = place + 1
        }
        return words
    }
}

/// A word of a file's name.
private struct Word {
    let text: String
    /// What stands before it.
    let separator: String

    /// `9`, `15.6`, `v1.0`, `1.0rc1`, `Build19.123`
    var isVersion: Bool {
        var rest = Array(text.lowercased().utf8)[...]
        for prefix in ["build", "v"] where rest.starts(with: prefix.utf8) {
            rest = rest.dropFirst(prefix.utf8.count)
            break
        }
        guard rest.first?.isDigit == true else { return false }
        let letters = rest.drop { $0.isDigit || $0 == UInt8(ascii: ".") }
        return letters.drop { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }.allSatisfy(\.isDigit)
    }

    /// `3.22.1`, `42.20250721.3.0`
    var isFullVersion: Bool { isVersion && text.utf8.count { $0 == UInt8(ascii: ".") } > 1 }

    /// `r0`
    var isRevision: Bool {
        text.utf8.first == UInt8(ascii: "r") && text.count > 1 && text.utf8.dropFirst().allSatisfy(\.isDigit)
    }

    /// `20250814`, and `20250801.401`
    var isDate: Bool {
        let digits = text.utf8.prefix(while: \.isDigit)
        return digits.count >= 8 && (digits.starts(with: "19".utf8) || digits.starts(with: "20".utf8))
    }
}

extension Collection<Word> {
    fileprivate var joined: String {
        enumerated().reduce(into: "") { $0 += ($1.offset == 0 ? "" : $1.element.separator) + $1.element.text }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isSeparator: Bool { "-_.".utf8.contains(self) }
}
