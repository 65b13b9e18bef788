import Compression
import Failure
import Host
import ImageModel
import SystemPackage

/// Where the file of a new image and its manifest go (create.md, "The file").
struct CreateFiles {
    let file: FilePath
    let manifest: FilePath

    /// What the file is called until it is whole.
    var partial: FilePath { FilePath("\(file).partial") }

    /// - Parameter output: a folder, or the start of both paths.
    /// - Throws: `Usage` if there is no such folder.
    init(_ output: FilePath?, for manifest: Manifest, _ compression: CompressionFormat) throws(Failure) {
        let name = "\(CreateFiles.plain(manifest.name))-\(CreateFiles.plain(manifest.version))"
        let start: FilePath
        if let output {
            let isFolder = (try? output.stat().type) == .directory
            start = isFolder ? output.appending(name) : output
        } else {
            start = FilePath(name)
        }
        let folder = start.removingLastComponent()
        guard folder.isEmpty || (try? folder.stat().type) == .directory else {
            throw Failure(.usage, "there is no folder \"\(folder)\" for the image file")
        }
        let suffix = (manifest.type == "zvol" ? ".zvol" : ".zfs") + compression.fileSuffix
        file = FilePath("\(start)\(suffix)")
        self.manifest = FilePath("\(start).imgmanifest")
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
