import Failure
import ImageModel

/// A command was called with too many arguments, or too few.
struct CallError: CodedError {
    let failure: Failure

    init(_ message: String, hint: String? = nil) { failure = Failure(.usage, message, hint: hint) }

    /// The same with how the command is called, unless something better is known.
    func of(_ command: String) -> Failure {
        Failure(.usage, message, hint: hint ?? "imgadm help \(command) shows how it is called")
    }
}

/// Positional arguments, counted and read.
enum Arguments {
    /// - Throws: `Usage` unless there is just one.
    static func one(_ words: [String], _ what: String) throws(CallError) -> String {
        guard let first = try atMostOne(words, what) else { throw CallError("missing argument: \(what)") }
        return first
    }

    /// - Throws: `Usage` if there are several.
    static func atMostOne(_ words: [String], _ what: String) throws(CallError) -> String? {
        guard words.count <= 1 else { throw CallError("unexpected argument: \"\(words[1])\"") }
        return words.first
    }

    /// - Throws: `Usage` if there are any.
    static func none(_ words: [String]) throws(CallError) {
        if let first = words.first { throw CallError("unexpected argument: \"\(first)\"") }
    }

    /// The UUID of a VM.
    ///
    /// - Throws: `InvalidUUID`.
    static func machine(_ text: String) throws(Failure) -> ImageUUID {
        guard let uuid = ImageUUID(typed: text) else {
            throw Failure(
                .invalidUUID, "\"\(text)\" is not a valid UUID",
                hint: "a VM is named by its UUID: vmadm list shows them, "
                    + "or zfs list, where a VM is the dataset POOL/UUID; of another dataset "
                    + "zfs rename POOL/NAME POOL/$(cat /proc/sys/kernel/random/uuid) makes one")
        }
        return uuid
    }
}
