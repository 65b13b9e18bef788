import Failure
import SendStream

/// Files of whose content a part was left out of the stream, so that nobody knows it: they are named, and never made with zeros in its place.
struct RedactedFiles {
    /// The names of some of them, and how many names there are.
    private var names: [String] = []
    private var count = 0
    private static let mostNames = 10

    /// All of a tree.
    init(_ tree: FileSystemTree) {
        guard !tree.redactedObjects.isEmpty else { return }
        for index in 0..<tree.count {
            guard let object = tree.attributes(index)?.object, tree.redactedObjects.contains(object),
                let entry = tree.entry(index)
            else { continue }
            add(entry.path)
        }
    }

    init() {}

    mutating func add(_ path: [UInt8]) {
        count += 1
        if names.count < Self.mostNames { names.append("\"\(String(decoding: path, as: UTF8.self))\"") }
    }

    var isEmpty: Bool { count == 0 }

    /// For people.
    var remark: String? { isEmpty ? nil : "of \(list) a part of the content was left out of the stream (redacted)" }

    /// Why they are not made; nil: there are none.
    func refusal(of file: String) -> Failure? {
        guard !isEmpty else { return nil }
        return Failure(
            .unsupportedImage,
            "of \(list) a part of the content was left out when \"\(file)\" was made (redacted), and nobody can read it",
            hint:
                "zfs send without --redact makes a stream that has it; an increment that brings it is read with --origin"
        )
    }

    private var list: String {
        names.joined(separator: ", ") + (count > names.count ? " and \(count - names.count) more files" : "")
    }
}

extension FurtherDatasets {
    /// For people; nil: there are none.
    var remark: String? {
        guard !names.isEmpty else { return nil }
        let list = names.map { "\"\(String(decoding: $0, as: UTF8.self))\"" }.joined(separator: ", ")
        return "left out: what was sent with it of datasets below: \(list)\(isLong ? " and more" : "")"
    }
}
