import Failure
import Host
import SendStream

/// The files of a file system that is kept in streams, read in passes over them.
///
/// Names and attributes come in a first pass; content, which a stream has in the order of objects and not of names, in further
/// ones.
final class StreamFiles {
    let name: String
    let tree: FileSystemTree
    /// Which files they are, as they were named.
    let sources: [FileIdentity]
    private let files: [GivenFile]

    /// - Parameters:
    ///   - files: the oldest first, each at its beginning.
    ///   - last: the last of them, of which the beginning has been read.
    ///   - isAgain: there will be further passes: what can be read only once is kept meanwhile.
    /// - Throws: `InvalidFile`, `FileSystemError`, `NoSpace`.
    init(_ files: [GivenFile], _ last: UnpackedFile, passingAgain isAgain: Bool) throws {
        name = files.last?.name ?? ""
        sources = files.map(\.identity)
        self.files = isAgain ? try files.map { try $0.isSeekable ? $0 : GivenFile(keeping: $0) } : files
        var reader = FileSystemReader()
        for file in self.files.dropLast() { try Self.pass(file, to: &reader) }
        try Self.pass(last, to: &reader)
        do {
            var tree = try reader.tree()
            if isAgain, !tree.attributeObjects.isEmpty {
                var values = FileContents(tree, of: tree.attributeObjects, to: SmallContents(of: tree))
                for file in self.files { try Self.pass(file, to: &values) }
                tree.setAttributes(values.visitor.contents)
            }
            self.tree = tree
        } catch {
            throw Self.failure(error, name)
        }
    }

    /// Hands on the content of files.
    ///
    /// - Parameter objects: whose; nil: of all.
    func content<Visitor: FileContentVisitor>(of objects: Set<UInt64>?, to visitor: Visitor) throws -> Visitor {
        var contents = FileContents(tree, of: objects, to: visitor)
        for file in files { try Self.pass(file, to: &contents) }
        return contents.visitor
    }

    /// The indices of what was chosen.
    func indices(_ paths: [String]) throws -> [Int] {
        guard !paths.isEmpty else { return Array(0..<tree.count) }
        var chosen: Set<Int> = []
        for path in paths {
            guard let index = tree.index(of: Array(path.utf8)) else {
                throw Failure(
                    .usage, "there is no \"\(path)\" in \"\(name)\"",
                    hint: "imgadm extract -t shows what is in it; paths are taken literally, from the root on")
            }
            chosen.formUnion(tree.subtree(index))
        }
        return chosen.sorted()
    }

    /// - Throws: `UnsupportedImage` if a path is that of a file whose content is not all there.
    func checkWhole(_ path: String) throws(Failure) {
        guard let index = tree.index(of: Array(path.utf8)), let entry = tree.entry(index),
            tree.redactedObjects.contains(entry.object)
        else { return }
        var redacted = RedactedFiles()
        redacted.add(entry.path)
        if let refusal = redacted.refusal(of: name) { throw refusal }
    }

    /// What was not taken over, for people.
    var remarks: [String] { Self.remarks(tree) }

    /// What of a file system is not taken over, for people.
    static func remarks(_ tree: FileSystemTree) -> [String] {
        var withList = 0
        for index in 0..<tree.count where tree.attributes(index)?.attributes.hasAccessControlList ?? false {
            withList += 1
        }
        var remarks: [String] = []
        if withList > 0 {
            remarks.append(
                "access control lists are not extracted: \(withList) names have one that says more than the mode")
        }
        if tree.skippedAttributes > 0 {
            remarks.append("\(tree.skippedAttributes) extended attributes are larger than 64 KiB, and left out")
        }
        if tree.redactedAttributes > 0 {
            remarks.append(
                "\(tree.redactedAttributes) extended attributes were left out of the stream, in part or all (redacted)")
        }
        if let further = tree.furtherDatasets.remark { remarks.append(further) }
        return remarks
    }

    private static func pass(_ file: GivenFile, to visitor: inout some StreamVisitor) throws {
        if file.isSeekable { file.rewind() }
        try pass(try UnpackedFile(file), to: &visitor)
    }

    private static func pass(_ content: UnpackedFile, to visitor: inout some StreamVisitor) throws {
        do {
            var reader = StreamReader()
            try content.read { bytes in try reader.feed(bytes, to: &visitor) }
            try reader.finish()
        } catch {
            throw failure(error, content.file.name)
        }
    }

    static func failure(_ error: any Error, _ name: String) -> any Error {
        guard let error = error as? StreamError else { return error }
        switch error.reason {
        case .missingOrigin: break
        case .unsupported:
            return Failure(.unsupportedImage, "the stream in \"\(name)\" cannot be read", cause: error)
        default: return Failure(.invalidFile, "the file system in \"\(name)\" cannot be read", cause: error)
        }
        return Failure(
            .unexpectedOrigin, "\"\(name)\" is an increment: \(error.detail)",
            hint: "--origin FILE names the file of the image that it builds on; several, the oldest first")
    }
}
