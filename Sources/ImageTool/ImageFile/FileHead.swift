import Compression
import DiskImage
import Failure
import ImageModel
import SendStream
import SystemPackage
import Tar

/// The beginning of a file that came without a manifest, and what image can be made of it.
struct FileHead {
    let bytes: [UInt8]
    /// There is no more of the file.
    let isWhole: Bool
    /// Without a path.
    let fileName: String
    /// How messages call it.
    let title: String
    /// Whether its end says that it is a VHD of fixed size; nil where only the beginning is here.
    private let isFixedVHD: Bool?

    /// What it unpacks to.
    private let unpacked: Result<UnpackedBeginning, any Error>

    /// - Returns: nil of what can be read only once.
    /// - Throws: `FileSystemError`.
    init?(of file: GivenFile, named name: String) throws {
        guard let size = file.size, let path = file.path else { return nil }
        var head: [UInt8] = []
        for length in UnpackedBeginning.lengths {
            head = [UInt8](repeating: 0, count: Int(min(UInt64(length), size)))
            let count = try unsafe head.withUnsafeMutableBytes { try unsafe file.read(at: 0, into: $0) }
            head.removeSubrange(count...)
            if count < length || UnpackedBeginning.isEnough(head, isWhole: UInt64(count) == size) { break }
        }
        self.init(
            bytes: head, isWhole: UInt64(head.count) == size, fileName: path.lastComponent?.string ?? name,
            title: "\"\(name)\"", isFixedVHD: try file.isFixedVHD())
    }

    init(bytes: [UInt8], isWhole: Bool, fileName: String, title: String, isFixedVHD: Bool? = nil) {
        self.isFixedVHD = isFixedVHD
        self.bytes = bytes
        self.isWhole = isWhole
        self.fileName = fileName
        self.title = title
        unpacked = Result { try UnpackedBeginning(of: bytes, isWhole: isWhole) }
    }

    /// What the file holds: a disk, or the files of a root.
    ///
    /// - Throws: `InvalidFile` for anything else.
    func kind() throws -> ContentUUID.Kind {
        if let raw = rawCompression {
            guard raw == .none || raw == CompressionFormat.sniff(bytes) else {
                throw Self.notWhatItIsCalled(title, raw.fileSuffix)
            }
            try checkRawSize(isPacked: raw != .none)
            return .disk
        }
        if rootForm != nil { return .root }
        let beginning = try unpackedBeginning()
        let head = beginning.bytes
        let kind: ImageFileKind
        do {
            kind = try ImageFileKind(head)
        } catch {
            throw Failure(
                .invalidFile, "\(title) begins as a stream of zfs send, and cannot be read as one", cause: error)
        }
        switch kind {
        case .stream:
            throw refusal(
                "is the file of an image already", "with its manifest, imgadm install -m MANIFEST -f FILE takes it")
        case .manifest:
            throw refusal(
                "is no disk and no archive, but JSON",
                "imgadm install -m MANIFEST -f FILE installs an image from a manifest")
        case .archive:
            if Self.holdsDisk(head) { return .disk }
            if let refusal = ApplianceRefusal.failure(of: fileName, title) { throw refusal }
            return .root
        case .squashfs: throw refusal("is a squashfs that is packed once more", "unpack it first")
        case .disk: return .disk
        case .unknown where isFixedVHD == true: return .disk
        case .unknown:
            guard beginning.isEnough || Self.isCalledDisk(fileName) else {
                throw refusal(
                    "does not tell what it is: its first \(bytes.count) bytes, and no more of it are looked at, unpack to \(head.count)",
                    "imgadm convert reads all of it, and makes an image of it")
            }
            try checkName()
            // A few bytes are neither, whatever it is called.
            try checkRawSize(isPacked: beginning.format != .none)
            guard Self.isCalledDisk(fileName) else {
                throw refusal(
                    "is neither a disk nor the archive of a root file system",
                    Self.isCalledVHD(fileName)
                        ? "a VHD of fixed size says at its end what it is, which is looked at of a file that is here, and unpacked"
                        : "a disk without a partition table must be called .raw, .img or .dd")
            }
            return .disk
        }
    }

    /// - Throws: `InvalidFile` for fewer bytes than any disk has, as a file that was cut.
    private func checkRawSize(isPacked: Bool) throws {
        let content = isPacked ? try unpackedBeginning() : nil
        guard content?.isWhole ?? (!isPacked && isWhole) else { return }
        let count = content?.bytes.count ?? bytes.count
        guard UInt64(count) < DiskReader.sector else { return }
        throw refusal(
            "has \(count) byte\(count == 1 ? "" : "s")\(isPacked ? " unpacked" : ""): no disk is so small (a sector has \(DiskReader.sector))",
            "it may be cut, or another file")
    }

    private var rawCompression: CompressionFormat? { RawDiskName.compression(of: fileName) }

    /// What a user is told of a disk that is not read as what it looks like.
    var warning: String? {
        rawCompression.flatMap { otherLook(than: $0) }
            .map { "\(title) begins like \($0), and is called a raw disk: its bytes are taken as they are" }
    }

    /// What the file would be taken for, of a disk as it is.
    ///
    /// - Parameter raw: the compression in which it is the disk.
    /// - Returns: nil where it is the same disk.
    func otherLook(than raw: CompressionFormat) -> String? {
        let look: String?
        if raw == .none, CompressionFormat.sniff(bytes) != .none {
            look = CompressionFormat.sniff(bytes).rawValue
        } else {
            // What cannot be read as anything looks like nothing.
            look = (try? diskDescription())?.format.rawValue
        }
        return look == DiskFormat.raw.rawValue ? nil : look
    }

    /// The content of a root that is no tar, where the first bytes are those of such a file; nil where they are not.
    private var rootForm: ImageContent? { DiskContent.fileSystem(bytes) == "squashfs" ? .squashfs : nil }

    /// What describes a file was named in its place; of its bytes nobody wants a disk.
    static func isManifest(_ name: String) -> Failure {
        Failure(
            .unsupportedImage, "\"\(name)\" is no disk and no image file, but JSON, as a manifest is",
            hint: "the image file is the one beside it; a disk that begins so is called .raw")
    }

    /// The content of an image that is made of the file.
    ///
    /// - Parameter blockSize: of a volume.
    /// - Throws: `Usage` if that has none.
    func content(_ kind: ContentUUID.Kind, blockSize: Int?) throws(Failure) -> ImageContent {
        guard kind == .disk || blockSize == nil else {
            throw Failure(.usage, "--volblocksize goes with a disk, and \(title) is none")
        }
        return switch kind {
        case .disk:
            rawCompression.map { .rawDisk(compression: $0.rawValue, blockSize: blockSize) }
                ?? .disk(blockSize: blockSize)
        case .root: rootForm ?? .root
        }
    }

    /// - Throws: `InvalidFile` where the name states a packing that the bytes do not have.
    private func checkName() throws {
        let isPacked = CompressionFormat.sniff(bytes) != .none
        let format = Self.missingFormat(fileName, isPacked: isPacked, isWhole: isFixedVHD != nil && !isPacked)
        guard let format else { return }
        throw Self.notWhatItIsCalled(title, format)
    }

    static func notWhatItIsCalled(_ title: String, _ format: String) -> Failure {
        Failure(
            .invalidFile, "\(title) is called \(format), and is not: it may be cut, or another file",
            hint: "a disk that is kept as it is is called .raw or .img")
    }

    private func refusal(_ what: String, _ hint: String) -> Failure {
        Failure(.invalidFile, "\(title) \(what)", hint: hint)
    }

    /// Bytes of the disk, where the beginning tells.
    ///
    /// - Parameter fileSize: bytes of the file, where that is known.
    /// - Throws: `InvalidFile` for a disk that cannot be read.
    func diskSize(fileSize: UInt64?) throws -> UInt64? {
        if let raw = rawCompression { return raw == .none ? fileSize : nil }
        do {
            guard let found = try diskDescription() else { return nil }
            try checkContent(found)
            guard found.format == .raw, found.wrappers.isEmpty else { return found.size }
            guard let isFixedVHD else { return found.size ?? fileSize }
            if !isFixedVHD { try Self.check(found, called: fileName, title) }
            return found.size ?? fileSize.map { isFixedVHD ? $0 - 512 : $0 }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.invalidFile, "\(title) cannot be read as a disk", cause: error)
        }
    }

    /// Of a file that is here as a whole, all is read: its tables may lead behind its end.
    ///
    /// - Throws: `DiskError`.
    private func checkContent(_ found: DiskDescription) throws {
        let head = try unpacked.get()
        // What is packed in an archive, whoever makes an image of it reads.
        guard head.isWhole, found.wrappers.isEmpty || found.wrappers == [head.format.rawValue] else { return }
        var content = DiskProbe()
        _ = try DiskReader(HeadFile(bytes: head.bytes)).read(to: &content)
    }

    /// The disk in the unpacked bytes; nil where the beginning does not tell.
    ///
    /// - Throws: `DiskError`, `CompressionError`, `TarError`.
    private func diskDescription() throws -> DiskDescription? {
        let head = try unpacked.get()
        guard var found = try DiskDescription(head: head.bytes, isWhole: head.isWhole) else { return nil }
        if head.format != .none { found.wrappers.insert(head.format.rawValue, at: 0) }
        return found
    }

    private func unpackedBeginning() throws -> UnpackedBeginning {
        do {
            return try unpacked.get()
        } catch {
            throw Failure(
                .invalidFile, "\(title) cannot be unpacked", cause: error,
                hint: "the file is damaged, or did not come whole: its publisher's checksum tells (sha256sum)")
        }
    }

    /// An archive that has a disk in it. The first entry of an OVA is its description (DSP0243 5.3); the name is at the beginning of
    /// the header. An image of incus or LXD in one file has its disk as `rootfs.img`, mostly behind `metadata.yaml`.
    static func holdsDisk(_ head: [UInt8]) -> Bool {
        if String(decoding: head.prefix(100).prefix { $0 != 0 }, as: UTF8.self).lowercased().hasSuffix(".ovf") {
            return true
        }
        var names = FirstNames()
        var reader = TarReader()
        // The archive is cut here; what is malformed, whoever reads it will say.
        try? unsafe reader.feed(head.span.bytes, to: &names)
        return names.hasUnifiedDisk
    }

    private static let packedSuffixes = [".gz", ".xz", ".zst", ".bz2"]

    /// The format that the name states of what was found to be the plain bytes of a disk: most likely the file is cut.
    ///
    /// - Parameters:
    ///   - isPacked: it is unpacked for that.
    ///   - isWhole: its end was seen, too, where a VHD of fixed size says what it is.
    static func missingFormat(_ fileName: String, isPacked: Bool, isWhole: Bool) -> String? {
        var name = fileName.lowercased()[...]
        if let suffix = packedSuffixes.first(where: { name.hasSuffix($0) }) {
            guard isPacked else { return suffix }
            name = name.dropLast(suffix.count)
        }
        return ([".qcow2", ".vmdk", ".vhdx", ".ova"] + (isWhole ? [".vhd"] : [])).first { name.hasSuffix($0) }
    }

    /// Of a packed disk the end was not seen.
    ///
    /// - Throws: `InvalidFile` for the plain bytes of a disk with the name of another format.
    static func check(_ description: DiskDescription, called name: String, _ title: String) throws(Failure) {
        let isPacked = !description.wrappers.isEmpty
        guard description.format == .raw,
            let format = missingFormat(name, isPacked: isPacked, isWhole: !isPacked)
        else { return }
        throw notWhatItIsCalled(title, format)
    }

    private static let diskSuffixes = [".raw", ".img", ".dd"]
    private static let otherSuffixes = [
        ".qcow2", ".vmdk", ".vhd", ".vhdx", ".ova", ".tar", ".tgz", ".txz", ".tzst", ".squashfs", ".sqfs",
    ]

    /// The name says that its bytes are those of a disk.
    static func isCalledDisk(_ fileName: String) -> Bool { unpackedName(fileName, endsIn: diskSuffixes) }

    private static func isCalledVHD(_ fileName: String) -> Bool { unpackedName(fileName, endsIn: [".vhd"]) }

    /// The name is one of a disk or of the archive of a root.
    static func isCalledImage(_ fileName: String) -> Bool {
        unpackedName(fileName, endsIn: diskSuffixes + otherSuffixes)
    }

    private static func unpackedName(_ fileName: String, endsIn suffixes: [String]) -> Bool {
        var name = fileName.lowercased()[...]
        for suffix in packedSuffixes where name.hasSuffix(suffix) { name = name.dropLast(suffix.count) }
        return suffixes.contains { name.hasSuffix($0) }
    }
}

/// A file that is here as a whole.
private struct HeadFile: DiskFile {
    let bytes: [UInt8]

    var byteCount: UInt64 { UInt64(bytes.count) }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let start = Int(exactly: offset), start < bytes.count else { return 0 }
        let count = min(buffer.count, bytes.count - start)
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]))
        }
        return count
    }

    func nextData(from offset: UInt64) throws -> Range<UInt64>? { offset < byteCount ? offset..<byteCount : nil }
}

/// What an archive begins with.
private struct FirstNames: TarVisitor {
    private(set) var hasUnifiedDisk = false
    private var isUnified = true

    mutating func begin(_ entry: TarEntry) {
        switch UnifiedImagePlace(of: entry.path) {
        case .top, .description: break
        case .disk: hasUnifiedDisk = isUnified
        case .system, .elsewhere: isUnified = false
        }
    }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) {}
    mutating func end() {}
}
