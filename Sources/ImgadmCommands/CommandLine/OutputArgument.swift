import Failure
import Host
import ImageTool
import SystemPackage

/// What `-o OUT` names.
enum OutputArgument {
    /// A file.
    ///
    /// - Throws: `Option` for what looks like another option; `Usage` for a folder; `FileSystemError`, `PermissionDenied`.
    static func path(_ text: String) throws -> FilePath {
        let path = try value(text)
        guard !text.hasSuffix("/"), try !HostFile.isFolder(path) else {
            throw Failure(
                .usage, "\"\(text)\" is a folder, and -o names a file",
                hint: "-o \(text)\(text.hasSuffix("/") ? "" : "/")NAME is a file in it")
        }
        try checkFolder(of: path)
        return path
    }

    /// The start of the paths of an image's file and its manifest, or the folder to which they go.
    ///
    /// - Throws: `Option` for what looks like another option; `Usage` for a folder that is not there, and for what is called like a disk or
    ///   an archive; `FileSystemError`, `PermissionDenied`.
    static func pathOrFolder(_ text: String) throws -> FilePath {
        let path = try value(text)
        guard try !HostFile.isFolder(path) else { return path }
        guard !text.hasSuffix("/") else {
            throw noFolder(text)
        }
        guard !FileName.isOfContent(text) else {
            throw Failure(
                .usage, "\"\(text)\" is called like a disk or an archive, and an image file is written",
                hint:
                    "-o names a folder, or a file that is called NAME.zfs.gz or NAME.zvol.gz; imgadm export -o \(ShellWord.quoted(text)) IMAGE makes a disk or an archive of an image"
            )
        }
        try checkFolder(of: path)
        return path
    }

    /// - Throws: `Usage` where a file could not be, since its folder is not.
    private static func checkFolder(of path: FilePath) throws {
        let folder = path.removingLastComponent()
        guard try folder.isEmpty || HostFile.isFolder(folder) else { throw noFolder(folder.string) }
    }

    private static func noFolder(_ name: String) -> Failure {
        Failure(.usage, "there is no folder \"\(name)\"", hint: "mkdir -p \(ShellWord.quoted(name)) makes it")
    }

    /// - Throws: `Option`; `Usage` for nothing.
    private static func value(_ text: String) throws(Failure) -> FilePath {
        guard text == "-" || !text.hasPrefix("-") else {
            throw Failure(
                .option, "-o lacks its value: \"\(text)\" looks like an option",
                hint: "-o \(ShellWord.quoted("./\(text)")) is the file of that name")
        }
        guard !text.isEmpty else { throw Failure(.usage, "-o names nothing", hint: "-o . is the folder where you are") }
        return FilePath(text)
    }
}
