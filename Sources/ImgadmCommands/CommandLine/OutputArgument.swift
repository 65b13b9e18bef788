import Failure
import Host
import SystemPackage

/// What `-o OUT` names.
enum OutputArgument {
    /// A file.
    ///
    /// - Throws: `Option` for what looks like another option; `Usage` for a folder; `FileSystemError`, `PermissionDenied`.
    static func path(_ text: String) throws -> FilePath {
        let path = try pathOrFolder(text)
        guard !text.hasSuffix("/"), try !HostFile.isFolder(path) else {
            throw Failure(
                .usage, "\"\(text)\" is a folder, and -o names a file",
                hint: "-o \(text)\(text.hasSuffix("/") ? "" : "/")NAME is a file in it")
        }
        return path
    }

    /// A file, or the folder to which files go.
    ///
    /// - Throws: `Option` for what looks like another option.
    static func pathOrFolder(_ text: String) throws(Failure) -> FilePath {
        guard text == "-" || !text.hasPrefix("-") else {
            throw Failure(
                .option, "-o lacks its value: \"\(text)\" looks like an option",
                hint: "-o ./\(text) is the file of that name")
        }
        return FilePath(text)
    }
}
