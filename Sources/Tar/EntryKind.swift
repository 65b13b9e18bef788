/// What the type of a header says that an entry is.
enum EntryKind {
    /// - Throws: `unsupported` for what is no part of an image; `ambiguous` where the name says otherwise.
    static func read(_ block: HeaderBlock, path: [UInt8]) throws(UnplacedTarError) -> TarEntry.Kind {
        let endsInSlash = path.last == UInt8(ascii: "/")
        switch block.type {
        case 0:
            // Before types, a folder was told by its name.
            return endsInSlash ? .directory : .file
        case UInt8(ascii: "0"), UInt8(ascii: "7"):
            guard !endsInSlash else { throw UnplacedTarError(.ambiguous, "a file has the name of a folder") }
            return .file
        case UInt8(ascii: "S"):
            guard block.dialect == .gnu else {
                throw UnplacedTarError(.unsupported, "an entry of type S that is not GNU's")
            }
            return .file
        case UInt8(ascii: "1"): return .hardLink
        case UInt8(ascii: "2"): return .symbolicLink
        case UInt8(ascii: "3"): return .characterDevice
        case UInt8(ascii: "4"): return .blockDevice
        case UInt8(ascii: "5"): return .directory
        case UInt8(ascii: "6"): return .fifo
        case let type:
            let shown = (0x21...0x7e).contains(type) ? String(Unicode.Scalar(type)) : "number \(type)"
            throw UnplacedTarError(.unsupported, "an entry of type \(shown)")
        }
    }
}
