import Failure
import ImageModel

/// Positional arguments, counted and read.
enum Arguments {
    /// - Throws: `Usage` unless there is just one.
    static func one(_ words: [String], _ what: String) throws(Failure) -> String {
        guard let first = try atMostOne(words, what) else { throw Failure(.usage, "missing argument: \(what)") }
        return first
    }

    /// - Throws: `Usage` if there are several.
    static func atMostOne(_ words: [String], _ what: String) throws(Failure) -> String? {
        guard words.count <= 1 else { throw Failure(.usage, "unexpected argument: \"\(words[1])\"") }
        return words.first
    }

    /// - Throws: `Usage` if there are any.
    static func none(_ words: [String]) throws(Failure) {
        if let first = words.first { throw Failure(.usage, "unexpected argument: \"\(first)\"") }
    }

    /// The UUID of a VM.
    ///
    /// - Throws: `InvalidUUID`.
    static func machine(_ text: String) throws(Failure) -> ImageUUID {
        guard let uuid = ImageUUID(typed: text) else {
            throw Failure(
                .invalidUUID, "\"\(text)\" is not a valid UUID",
                hint: "a VM is named by its UUID: vmadm list shows them, "
                    + "or zfs list, where a VM is the dataset POOL/UUID")
        }
        return uuid
    }
}
