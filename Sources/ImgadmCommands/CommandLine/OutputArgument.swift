import Failure
import Host
import SystemPackage

/// What `-o OUT` names.
enum OutputArgument {
    /// - Throws: `Option` for what looks like another option; `Usage` for a folder; `FileSystemError`, `PermissionDenied`.
    static func path(_ text: String) throws -> FilePath {
        guard !text.hasPrefix("-") else {
            throw Failure(
                .option, "-o lacks its value: \"\(text)\" looks like an option",
                hint: "-o ./\(text) is the file of that name")
        }
        guard !text.hasSuffix("/"), try !HostFile.isFolder(FilePath(text)) else {
            throw Failure(
                .usage, "\"\(text)\" is a folder, and -o names a file",
                hint: "-o \(text)\(text.hasSuffix("/") ? "" : "/")NAME is a file in it")
        }
        return FilePath(text)
    }
}
