import Crypto
import RawBytes
import Tar

/// Takes the disk out of an OVA, and the checksums of all that is in it; or `rootfs.img` out of an image of incus or LXD in one file,
/// which has no checksums (``UnifiedImagePlace``).
struct OVAVisitor: TarVisitor {
    /// Of the disk, not yet fetched.
    var content: [UInt8] = []
    private(set) var isDiskComplete = false
    private var disk: String?
    private var entry: (name: String, role: Role, sums: OVAChecksums)?
    private var manifest: [UInt8] = []
    private var stated: [OVAManifest.Line]?
    private var found: [String: OVAChecksums.Values] = [:]
    private var hasDescription = false
    /// Known from the first entry on that is not the archive's own root.
    private var isUnified: Bool?

    private enum Role { case description, manifest, certificate, disk, other }

    private static let diskSuffixes = [".vmdk", ".vmdk.gz", ".qcow2", ".vhd", ".vhdx", ".img", ".raw"]
    private static let manifestLimit = 1 << 20

    var hasDisk: Bool { disk != nil }
    var isOfIncus: Bool { isUnified == true }

    mutating func begin(_ entry: TarEntry) throws {
        let name = String(decoding: entry.path, as: UTF8.self)
        let place = UnifiedImagePlace(of: entry.path)
        if isUnified == nil, place != .top { isUnified = place == .description || place == .disk }
        if isUnified != false { return try beginUnified(entry, place, name) }
        guard hasDescription || name.lowercased().hasSuffix(".ovf") else {
            throw DiskError(
                .notADisk, at: 0, "it is an archive that does not begin with a description (*.ovf), as an OVA does")
        }
        guard entry.kind == .file, !entry.isSparse else {
            throw DiskError(
                .unsupported, at: 0, "\(name.debugDescription) in the archive is no plain file: an OVA has no others")
        }
        guard found[name] == nil else {
            throw DiskError(.badHeader, at: 0, "\(name.debugDescription) is twice in the archive")
        }
        let role = Self.role(name.lowercased())
        switch role {
        case .description: hasDescription = true
        case .manifest:
            guard stated == nil else { throw DiskError(.badHeader, at: 0, "there are two manifests in the archive") }
            guard entry.size <= UInt64(Self.manifestLimit) else {
                throw DiskError(.limit, at: 0, "a manifest of \(entry.size) bytes: \(Self.manifestLimit) it may have")
            }
        case .disk:
            if let disk {
                throw DiskError(
                    .unsupported, at: 0,
                    "it has two disks, \(disk.debugDescription) and \(name.debugDescription): take out the one that is meant (tar x)"
                )
            }
            disk = name
        case .certificate, .other: break
        }
        // The manifest may come behind the files that it speaks of (DSP0243 6.1).
        let wanted = stated.map { $0.filter { $0.name == name }.map(\.algorithm) } ?? OVAManifest.Algorithm.allCases
        self.entry = (name, role, OVAChecksums(wanted))
    }

    private mutating func beginUnified(_ entry: TarEntry, _ place: UnifiedImagePlace, _ name: String) throws {
        self.entry = nil
        switch place {
        case .top, .description: return
        case .disk: break
        case .system, .elsewhere:
            throw DiskError(
                .notADisk, at: 0,
                "it is an archive of metadata.yaml, templates/ and \(name.debugDescription): a disk would be in rootfs.img"
            )
        }
        guard entry.kind == .file else {
            throw DiskError(.unsupported, at: 0, "\(name.debugDescription) in the archive is no plain file")
        }
        guard !entry.isSparse else {
            throw DiskError(
                .unsupported, at: 0, "\(name.debugDescription) is kept with holes (tar -S): make the archive without")
        }
        guard disk == nil else {
            throw DiskError(.badHeader, at: 0, "\(name.debugDescription) is twice in the archive")
        }
        disk = name
        self.entry = (name, .disk, OVAChecksums([]))
    }

    private static func role(_ name: String) -> Role {
        if name.hasSuffix(".ovf") { return .description }
        if name.hasSuffix(".mf") { return .manifest }
        if name.hasSuffix(".cert") { return .certificate }
        return diskSuffixes.contains(where: name.hasSuffix) ? .disk : .other
    }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) throws {
        entry?.sums.add(bytes)
        switch entry?.role {
        case .disk: unsafe bytes.withUnsafeBytes { unsafe content.append(contentsOf: $0) }
        case .manifest: unsafe bytes.withUnsafeBytes { unsafe manifest.append(contentsOf: $0) }
        case .description, .certificate, .other, nil: break
        }
    }

    mutating func end() throws {
        guard let entry else { return }
        self.entry = nil
        switch entry.role {
        case .manifest: stated = try OVAManifest.lines(manifest)
        case .certificate: break
        case .disk:
            isDiskComplete = true
            found[entry.name] = entry.sums.values
        case .description, .other: found[entry.name] = entry.sums.values
        }
    }

    /// - Throws: `DiskError` if something is not what the manifest says, or is not in it.
    func check() throws {
        guard let stated else { return }
        for line in stated {
            guard let values = found[line.name] else {
                throw DiskError(
                    .badChecksum, at: 0, "the manifest has \(line.name.debugDescription), which is not there")
            }
            // Of a file before the manifest there are all, of one behind it those that the manifest has.
            let value = values[line.algorithm] ?? []
            guard value == line.digest else {
                throw DiskError(
                    .badChecksum, at: 0,
                    "\(line.name.debugDescription) has the \(line.algorithm.rawValue) \(Hexadecimal.text(value)), and by the manifest \(Hexadecimal.text(line.digest))"
                )
            }
        }
        if let other = found.keys.sorted().first(where: { name in !stated.contains { $0.name == name } }) {
            throw DiskError(.badChecksum, at: 0, "the manifest does not have \(other.debugDescription)")
        }
    }
}

/// The manifest of an OVA: lines such as `SHA256(disk.vmdk)= 9f86…` (DSP0243 6.1).
enum OVAManifest {
    enum Algorithm: String, CaseIterable { case sha1 = "SHA1", sha256 = "SHA256", sha512 = "SHA512" }
    typealias Line = (name: String, algorithm: Algorithm, digest: [UInt8])

    static func lines(_ bytes: [UInt8]) throws -> [Line] {
        try String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { text in
            guard text.contains(where: { $0 != " " }) else { return nil }
            guard let line = line(text) else {
                throw DiskError(
                    .badHeader, at: 0, "a line of the manifest is none: \(String(text.prefix(200)).debugDescription)")
            }
            return line
        }
    }

    private static func line(_ text: Substring) -> Line? {
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close,
            let algorithm = Algorithm(rawValue: text[..<open].filter { $0 != " " }.uppercased())
        else { return nil }
        let rest = text[text.index(after: close)...].drop { $0 == " " }
        guard rest.first == "=" else { return nil }
        let length = [Algorithm.sha1: 20, .sha256: 32, .sha512: 64][algorithm]
        guard let digest = Hexadecimal.bytes(rest.dropFirst().filter { $0 != " " }), digest.count == length else {
            return nil
        }
        return (String(text[text.index(after: open)..<close]), algorithm, digest)
    }
}

/// The checksums of one file that may be asked for.
struct OVAChecksums {
    typealias Values = [OVAManifest.Algorithm: [UInt8]]
    private var sha1: Insecure.SHA1?
    private var sha256: SHA256?
    private var sha512: SHA512?

    init(_ wanted: [OVAManifest.Algorithm]) {
        if wanted.contains(.sha1) { sha1 = Insecure.SHA1() }
        if wanted.contains(.sha256) { sha256 = SHA256() }
        if wanted.contains(.sha512) { sha512 = SHA512() }
    }

    mutating func add(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe sha1?.update(bufferPointer: bytes)
            unsafe sha256?.update(bufferPointer: bytes)
            unsafe sha512?.update(bufferPointer: bytes)
        }
    }

    var values: Values {
        var values: Values = [:]
        if let sha1 { values[.sha1] = Array(sha1.finalize()) }
        if let sha256 { values[.sha256] = Array(sha256.finalize()) }
        if let sha512 { values[.sha512] = Array(sha512.finalize()) }
        return values
    }
}
