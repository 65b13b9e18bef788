/// Why a layer cannot be unpacked: what is wrong with its content.
public struct LayerFault: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// A path has a `..`.
        case parentReference
        /// A name is longer than 255 bytes.
        case badName
        /// A whiteout of nothing, of `.` or `..`, or with something below it, or that is no file.
        case badWhiteout
        /// Something lies below what is no folder.
        case notAFolder
        /// More symbolic links in a row than any system follows.
        case tooManyLinks
        /// Folders lie deeper than is allowed.
        case tooDeep
        /// A hard link to what is not there, or is a folder.
        case badHardLink
        /// The root of the image is to be something else than a folder.
        case badRoot
    }

    public let reason: Reason
    /// The entry's path, as it may be shown.
    public let path: String

    init(_ reason: Reason, _ path: [UInt8]) {
        self.reason = reason
        let text = String(decoding: path.prefix(200), as: UTF8.self)
        self.path = path.count > 200 ? text + "…" : text
    }

    public var description: String {
        let what =
            switch reason {
            case .parentReference: "its path has a \"..\""
            case .badName: "a name in it is longer than \(EntryName.longest) bytes"
            case .badWhiteout: "it is no valid whiteout"
            case .notAFolder: "it lies below something that is no folder"
            case .tooManyLinks: "too many symbolic links lead to it"
            case .tooDeep: "its folder is more than \(FolderWalk.deepest) folders deep"
            case .badHardLink: "it is a hard link to something that is not there or is a folder"
            case .badRoot: "it would make the root something else than a folder"
            }
        return "entry \"\(path)\" cannot be unpacked: \(what)"
    }
}
