import Glibc
import Testing

/// Streams that others made, kept beside the checkout; tests of them are skipped where they are missing.
enum Corpus {
    private static let folder: String = {
        var parts = #filePath.split(separator: "/").dropLast(3).map(String.init)
        parts[parts.count - 1] = "shared"
        return "/" + parts.joined(separator: "/") + "/corpora/send-streams"
    }()

    static var isThere: Bool {
        unsafe access(folder, R_OK) == 0 && access("/usr/bin/bzip2", X_OK) == 0
    }

    static let names = [
        "big-endian-all-drr-types-base-NATIVE", "big-endian-all-drr-types-base-XDR",
        "big-endian-all-drr-types-incr-NATIVE", "big-endian-all-drr-types-incr-XDR", "decompress-crypt", "decompress",
        "dedup", "dedup_encrypted_zvol", "little-endian-all-drr-types-base-XDR",
        "little-endian-all-drr-types-incr-NATIVE", "little-endian-long-payloads",
    ]

    static func stream(_ name: String) throws -> [UInt8] {
        try output(of: "exec /usr/bin/bzip2 -dc '\(folder)/\(name).zsend.bz2'")
    }

    /// What a command of the shell prints.
    static func output(of command: String) throws -> [UInt8] {
        guard let pipe = unsafe popen(command, "r") else { throw CommandError(command: command) }
        var bytes: [UInt8] = []
        var buffer = zeros(1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe fread($0.baseAddress, 1, $0.count, pipe) }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        guard unsafe pclose(pipe) == 0 else { throw CommandError(command: command) }
        return bytes
    }
}

struct CommandError: Error {
    let command: String
}
