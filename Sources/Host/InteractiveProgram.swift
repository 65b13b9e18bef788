import Failure
import Subprocess
public import SystemPackage

/// A program that the user works with at the terminal.
public enum InteractiveProgram {
    /// Opens a file in an editor and waits until the user is done.
    ///
    /// - Parameter editor: a command line as `EDITOR` has it. It is the user's own word and may have arguments, so a shell
    ///   reads it, as it does for every program that honours `EDITOR`.
    /// - Throws: `CommandFailed`.
    public static func edit(_ file: FilePath, with editor: String) async throws {
        let result = try await Subprocess.run(
            .path("/bin/sh"), arguments: ["-c", "\(editor) \"$1\"", "sh", file.string],
            input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false),
            output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
        guard result.terminationStatus.isSuccess else {
            throw Failure(.commandFailed, "the editor \"\(editor)\" failed (\(result.terminationStatus))")
        }
    }
}
