/// Why a layer cannot be unpacked: what is wrong with its content.
public struct LayerError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// A path has a `..`.
        case parentReference
        /// A name is longer than 255 bytes.
        case badName
        /// A whiteout of nothing, of `.` or `..`, or with something below it.
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
        /// To the file system it has the name of another entry.
        case sameName
        /// More whiteouts must be known beforehand than there is memory for.
        case tooManyWhiteouts
        /// Of an image that is to hold one file, a further one.
        case severalFiles
        /// Of an image that is to hold one file, that, with holes.
        case sparse
        /// More names have to be kept than there is memory for.
        case tooManyNames
        /// In an image that has its system in `rootfs/`, an entry that is not there, and describes nothing.
        case besideSystem
        /// In its place lies a file that must stay.
        case keptFile
        /// In its place lies a folder of somebody's, with something in it.
        case fullFolder
    }

    public let reason: Reason
    /// The entry's path, as it may be shown.
    public let path: String

    /// - Parameter path: the entry's, as it stands.
    public init(_ reason: Reason, _ path: [UInt8]) {
        self.reason = reason
        self.path = path.shown
    }

    public var description: String {
        let what =
            switch reason {
            case .parentReference: "its path has a \"..\""
            case .badName: "a name in it is longer than \(EntryName.longest) bytes"
            case .badWhiteout: "it is no valid whiteout"
            case .notAFolder: "it lies below something that is no folder"
            case .tooManyLinks: "too many symbolic links lead to it"
            case .tooDeep: "its folder is more than \(EntryPath.mostFolders) folders deep"
            case .badHardLink: "it is a hard link to something that is not there or is a folder"
            case .badRoot: "it would make the root something else than a folder"
            case .sameName:
                "the file system takes its name for that of another entry (zfs get casesensitivity,normalization)"
            case .tooManyWhiteouts:
                "the layer has whiteouts behind the entries they are about, and too many of them"
            case .severalFiles: "there is another beside it, and it must be the only file"
            case .sparse: "it has holes, which the file of a disk in a layer may not have"
            case .tooManyNames: "there are too many names beside it"
            case .besideSystem:
                "the archive has its system in rootfs/, and beside that only metadata.yaml and templates/ may be"
            case .keptFile: "in its place lies a file that must stay"
            case .fullFolder: "in its place lies a folder that has something in it"
            }
        return "entry \"\(path)\" cannot be unpacked: \(what)"
    }
}
