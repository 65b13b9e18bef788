import Compression
import Failure
import Host
import ImageModel
import SystemPackage

/// Where the file of a new image and its manifest go (create.md, "The file").
struct CreateFiles {
    let file: FilePath
    let manifest: FilePath
    private let folder: PrivateFolder?

    /// What the file is called until it is whole.
    var partial: FilePath { FilePath("\(file).partial") }

    /// The path by which one of these files is opened: through the handle of a folder of ours, if it is in one.
    func opened(_ path: FilePath) -> FilePath {
        guard let folder, let name = path.lastComponent else { return path }
        return folder.path(of: name.string)
    }

    /// - Parameters:
    ///   - folder: where they go; nil for `output`.
    ///   - output: a folder, or the start of both paths.
    /// - Throws: `Usage` if there is no such folder; `FileSystemError` if that cannot be told.
    init(
        _ folder: PrivateFolder?, _ output: FilePath?, for manifest: Manifest, _ compression: CompressionFormat
    ) throws {
        self.folder = folder
        let output = folder?.path ?? output
        let name = "\(CreateFiles.plain(manifest.name))-\(CreateFiles.plain(manifest.version))"
        let start: FilePath
        if let output {
            start = try CreateFiles.isFolder(output) ? output.appending(name) : output
        } else {
            start = FilePath(name)
        }
        let parent = start.removingLastComponent()
        guard try parent.isEmpty || CreateFiles.isFolder(parent) else {
            throw Failure(.usage, "there is no folder \"\(parent)\" for the image file")
        }
        let suffix = (manifest.imageType == .zvol ? ".zvol" : ".zfs") + compression.fileSuffix
        file = FilePath("\(start)\(suffix)")
        self.manifest = FilePath("\(start).imgmanifest")
        // Before anything is done to a VM.
        for path in [file, partial] where try CreateFiles.isFolder(path) {
            throw Failure(
                .usage, "\"\(path)\" is a folder, and the image file would be there",
                hint: "take it away, or give another -o")
        }
    }

    private static func isFolder(_ path: FilePath) throws -> Bool {
        do {
            return try path.stat().type == .directory
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return false
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
