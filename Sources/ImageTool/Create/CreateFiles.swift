import Compression
import Failure
import Host
import ImageModel
import SystemPackage

/// Where the file of an image that is written and its manifest go (create.md, "The file").
struct CreateFiles {
    let file: FilePath
    let manifest: FilePath
    private let folder: PrivateFolder?
    let rule: OutputRule
    /// Image files of the same name in other forms. The manifest would speak of them no more.
    private let others: [FilePath]

    /// What the file is called until it is whole.
    var partial: FilePath { FilePath("\(file).partial") }

    /// The path by which one of these files is opened: through the handle of a folder of ours, if it is in one.
    func opened(_ path: FilePath) -> FilePath {
        guard let folder, let name = path.lastComponent else { return path }
        return folder.path(of: name.string)
    }

    /// - Parameters:
    ///   - folder: where they go; nil for `output`.
    ///   - output: a folder, or the start of both paths; with the suffix of the file, too. What is no regular file is neither.
    ///   - rule: what may be replaced.
    /// - Throws: `Usage` if there is no such folder, the suffix is that of another kind of file, or something is there that may not be replaced; `FileSystemError` if that
    ///   cannot be told.
    init(
        _ folder: PrivateFolder?, _ output: FilePath?, for manifest: Manifest, _ compression: CompressionFormat,
        _ rule: OutputRule
    ) throws {
        self.folder = folder
        let output = folder?.path ?? output
        let name = "\(CreateFiles.plain(manifest.name))-\(CreateFiles.plain(manifest.version))"
        let start: FilePath
        if let output {
            switch try CreateFiles.kind(of: output) {
            case .directory: start = output.appending(name)
            case nil, .regular: start = try CreateFiles.start(output, manifest.imageType, compression)
            default:
                throw Failure(
                    .usage, "\"\(output)\" is neither a folder nor the name of a file",
                    hint: "-o FOLDER, or -o NAME: the image file and its manifest are written there")
            }
        } else {
            start = FilePath(name)
        }
        let parent = start.removingLastComponent()
        guard try parent.isEmpty || CreateFiles.isFolder(parent) else {
            throw Failure(.usage, "there is no folder \"\(parent)\" for the image file")
        }
        let suffix = CreateFiles.suffix(manifest.imageType, compression)
        let file = FilePath("\(start)\(suffix)")
        self.file = file
        self.manifest = FilePath("\(start).imgmanifest")
        others = ImageFiles.candidates(start).filter { $0 != file }
        self.rule = rule
        // Before anything is done to a VM.
        for path in [file, partial] where try CreateFiles.isFolder(path) {
            throw Failure(
                .usage, "\"\(path)\" is a folder, and the image file would be there",
                hint: "take it away, or give another -o")
        }
        try check()
    }

    /// Those of an image that is there already, packed anew.
    ///
    /// - Parameters:
    ///   - output: the path of the file, whatever it is called.
    ///   - hasManifest: there is one to be written. Where there is none, there must be none of another file either.
    ///   - rule: what may be replaced.
    /// - Throws: `Usage` if something is there that may not be replaced; `FileSystemError` if that cannot be told.
    init(repackedTo output: FilePath, hasManifest: Bool, _ rule: OutputRule) throws {
        folder = nil
        file = output
        self.rule = rule
        let start = CreateFiles.startBesides(output)
        manifest = FilePath("\(start).imgmanifest")
        others = hasManifest ? ImageFiles.candidates(start).filter { $0 != output } : []
        guard try hasManifest || FileIdentity(manifest, followingLinks: false) == nil else {
            throw Failure(
                .usage, "\"\(manifest)\" is there, and would be of another file than lies beside it",
                hint: "take it away, or give another -o")
        }
        try check()
    }

    /// A path without the suffixes that the file of an image may have.
    static func startBesides(_ file: FilePath) -> FilePath {
        if let (start, _) = named(file) { return start }
        var name = file.lastComponent?.string ?? "image"
        for format in CompressionFormat.allCases where format != .none && name.hasSuffix(format.fileSuffix) {
            name.removeLast(format.fileSuffix.count)
        }
        return file.removingLastComponent().appending(name)
    }

    private static func suffix(_ type: ImageType?, _ compression: CompressionFormat) -> String {
        (type == .zvol ? ".zvol" : ".zfs") + compression.fileSuffix
    }

    /// A path without the suffix of the file that is to be written.
    ///
    /// - Throws: `Usage` if it has that of another kind of file.
    private static func start(
        _ output: FilePath, _ type: ImageType?, _ compression: CompressionFormat
    ) throws(Failure) -> FilePath {
        if let name = output.lastComponent, name.extension == "imgmanifest" {
            throw Failure(
                .usage, "\"\(output)\" is the name of a manifest, and -o names the image file that it lies beside",
                hint: "-o \(output.removingLastComponent().appending(name.stem))")
        }
        guard let (start, suffix) = named(output) else { return output }
        let own = self.suffix(type, compression)
        guard suffix == own else {
            throw Failure(
                .usage, "\"\(output)\" is the name of another kind of file than is written, \(own)",
                hint: "-o \(start) makes \(start)\(own)")
        }
        return start
    }

    /// What is before the suffix of an image file, and that; nil of a path that has none.
    private static func named(_ path: FilePath) -> (start: FilePath, suffix: String)? {
        guard let name = path.lastComponent?.string else { return nil }
        for kind in [".zvol", ".zfs"] {
            for format in CompressionFormat.allCases {
                let suffix = kind + format.fileSuffix
                guard name.hasSuffix(suffix), name.utf8.count > suffix.utf8.count else { continue }
                return (path.removingLastComponent().appending(String(name.dropLast(suffix.count))), suffix)
            }
        }
        return nil
    }

    /// The compression that the path of an image file names; nil of a path that names none.
    static func compression(namedBy path: FilePath?) -> CompressionFormat? {
        guard let suffix = path.flatMap(named)?.suffix else { return nil }
        return CompressionFormat.allCases.first { $0 != .none && suffix.hasSuffix($0.fileSuffix) }
            ?? CompressionFormat.none
    }

    /// - Throws: `Usage` if something is there that may not be replaced.
    private func check() throws {
        guard folder == nil else { return }
        try rule.check(file)
        for other in others {
            try rule.check(
                other,
                (
                    "is there already, and the manifest beside it would be of another file",
                    "--force takes it away; another -o leaves it"
                ))
        }
        try rule.check(manifest)
        // What a run has left that was killed is replaced.
        try OutputRule(isReplacing: true, sources: rule.sources).check(HostFile.temporary(manifest))
    }

    /// The files that are there until the image's are: those that a run that is killed leaves.
    var unfinished: [FilePath] { [partial, claim, HostFile.temporary(manifest)] }

    /// Clears what a run has left of these. What another run has in hand by now, under the same names, stays.
    static func clear(_ files: [FilePath]) throws {
        for file in files {
            guard file.extension == "tmp", let manifest = file.stem else {
                try HostFile.removeAbandoned(file)
                continue
            }
            guard try HostFile.size(file) != nil else { continue }
            do {
                // Who has the claim writes it.
                let claim = try OutputClaim(claim(beside: file.removingLastComponent().appending(manifest)))
                try withExtendedLifetime(claim) { _ = try HostFile.remove(file) }
            } catch is FileInUse {}
        }
    }

    private static func claim(beside manifest: FilePath) -> FilePath { FilePath("\(manifest).partial") }

    /// Who has it puts a file and its manifest in their places, whatever the form of his file is.
    var claim: FilePath { CreateFiles.claim(beside: manifest) }

    /// Puts the file in its place, and its manifest beside it.
    ///
    /// - Parameter commit: renames the file.
    /// - Throws: `Usage` if something is there by now that may not be replaced, or another run puts something there; what
    ///   `commit` throws, and then all is as before; `FileSystemError`, `NoSpace`.
    func settle(_ manifest: Manifest, _ report: Report, commit: () throws -> Void) async throws {
        guard folder == nil else {
            return try await ImageFiles.settle(manifest, at: opened(self.manifest), commit: commit)
        }
        let claim = try OutputClaim(claim)
        defer { withExtendedLifetime(claim) {} }
        // Another run may have come first.
        try check()
        try await ImageFiles.settle(manifest, at: self.manifest, commit: commit)
        guard rule.isReplacing else { return }
        for other in others where try HostFile.remove(other) { report.line("Removed \"\(other)\"") }
    }

    private static func isFolder(_ path: FilePath) throws -> Bool { try kind(of: path) == .directory }

    /// - Returns: nil if there is nothing.
    private static func kind(of path: FilePath) throws -> FileType? {
        do {
            return try path.stat().type
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        } catch {
            throw HostFile.failure("cannot look at", path, error)
        }
    }

    /// In lower case, blanks as `-`, and nothing but letters, digits and `._-`, so that it is a name wherever it goes.
    private static func plain(_ text: String?) -> String {
        let allowed = (text ?? "").lowercased().map { $0 == " " ? "-" : $0 }.filter { character in
            character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
        }
        let name = String(allowed).drop { $0 == "." }
        return name.isEmpty ? "image" : String(name)
    }
}
