extension Failure {
    /// A stable, CamelCase error code (cli.md, reference-faults.md).
    public struct Code: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral value: String) { rawValue = value }
        public var description: String { rawValue }
    }
}

extension Failure.Code {
    // Usage
    /// A bad option: unknown, its value missing or of the wrong form.
    public static let option: Self = "Option"
    /// Bad arguments.
    public static let usage: Self = "Usage"
    public static let unknownCommand: Self = "UnknownCommand"
    public static let noCommand: Self = "NoCommand"
    /// A signal ended the work.
    public static let stopped: Self = "Stopped"
    public static let invalidUUID: Self = "InvalidUUID"
    /// A name or the beginning of a UUID fits several images.
    public static let ambiguousName: Self = "AmbiguousName"
    public static let invalidReference: Self = "InvalidReference"

    // Images
    public static let imageNotInstalled: Self = "ImageNotInstalled"
    public static let originNotInstalled: Self = "OriginNotInstalled"
    public static let imageNotFound: Self = "ImageNotFound"
    public static let activeImageNotFound: Self = "ActiveImageNotFound"
    public static let imageNotActive: Self = "ImageNotActive"
    public static let originNotFoundInSource: Self = "OriginNotFoundInSource"
    public static let originCycle: Self = "OriginCycle"
    public static let imageHasDependentClones: Self = "ImageHasDependentClones"
    public static let imageHasChildDatasets: Self = "ImageHasChildDatasets"
    /// Somebody's snapshot would go with an image.
    public static let imageHasSnapshots: Self = "ImageHasSnapshots"
    /// A dataset with a UUID's name that may be somebody's data.
    public static let notAnImage: Self = "NotAnImage"
    public static let imageMissingOriginalSnapshot: Self = "ImageMissingOriginalSnapshot"
    public static let unexpectedNumberOfSnapshots: Self = "UnexpectedNumberOfSnapshots"
    /// An incremental stream builds on something else than its manifest states.
    public static let unexpectedOrigin: Self = "UnexpectedOrigin"
    public static let invalidManifest: Self = "InvalidManifest"
    public static let manifestValidation: Self = "ManifestValidation"
    public static let unsupportedImage: Self = "UnsupportedImage"
    /// A docker image has none for the platform that is wanted.
    public static let platformNotFound: Self = "PlatformNotFound"
    /// What should be a stream of `zfs send` is none, or one of something else than its manifest says.
    public static let invalidStream: Self = "InvalidStream"
    /// A file that was named is not what it should be, or is damaged.
    public static let invalidFile: Self = "InvalidFile"
    /// The content of a layer cannot be unpacked.
    public static let invalidLayer: Self = "InvalidLayer"
    public static let minPlatform: Self = "MinPlatform"
    public static let maxPlatform: Self = "MaxPlatform"

    // VMs and images made of them
    public static let vmNotFound: Self = "VmNotFound"
    public static let vmNotStopped: Self = "VmNotStopped"
    public static let vmHasNoOrigin: Self = "VmHasNoOrigin"
    public static let originHasNoFinalSnapshot: Self = "OriginHasNoFinalSnapshot"
    public static let maxOriginDepth: Self = "MaxOriginDepth"
    /// The script did not begin in time.
    public static let prepareImageDidNotRun: Self = "PrepareImageDidNotRun"
    public static let prepareImageError: Self = "PrepareImageError"
    /// The VM manager did not do what it was asked.
    public static let vmManager: Self = "VmManagerError"
    /// A VM is as a run that was killed left it, and could not be put back.
    public static let recoveryError: Self = "RecoveryError"
    public static let uploadError: Self = "UploadError"
    /// Where an image is to be published there is another one of its UUID.
    public static let imageExists: Self = "ImageUuidAlreadyExists"
    /// An image is to be published where its origin is not.
    public static let originDoesNotExist: Self = "OriginDoesNotExist"

    /// `check` has found what is not in order.
    public static let problemsFound: Self = "ProblemsFound"

    // Sources
    public static let noSources: Self = "NoSources"
    public static let sourcePing: Self = "SourcePing"
    public static let sourceError: Self = "SourceError"
    public static let invalidSource: Self = "InvalidSource"
    public static let multiError: Self = "MultiError"
    public static let downloadError: Self = "DownloadError"
    /// A checksum was asked for, and nobody states one.
    public static let checksumNotFound: Self = "ChecksumNotFound"
    /// A list of checksums contradicts itself, or is broken.
    public static let invalidChecksumList: Self = "InvalidChecksumList"
    public static let connectionError: Self = "ConnectionError"
    /// An ssh-agent does not sign.
    public static let agentError: Self = "AgentError"
    /// A token would be sent where others could read it.
    public static let unsafeToken: Self = "UnsafeToken"
    /// An image server wants to know who asks (imgapi.md, section 9).
    public static let unauthorizedError: Self = "UnauthorizedError"
    /// An image server knows who asks, and he may not.
    public static let forbiddenError: Self = "ForbiddenError"
    /// A registry wants other credentials.
    public static let unauthorized: Self = "Unauthorized"

    // The host
    public static let configError: Self = "ConfigError"
    public static let fileSystem: Self = "FileSystemError"
    public static let permissionDenied: Self = "PermissionDenied"
    /// The process may not have enough files, threads or memory.
    public static let resourceLimit: Self = "ResourceLimit"
    /// A folder that must be ours alone is not.
    public static let unsafeFolder: Self = "UnsafeFolder"
    /// A file that others must not read, or write, is theirs to.
    public static let unsafeFile: Self = "UnsafeFile"
    public static let commandFailed: Self = "CommandFailed"
    public static let commandNotFound: Self = "CommandNotFound"
    public static let poolNotFound: Self = "PoolNotFound"
    public static let invalidPoolName: Self = "InvalidPoolName"
    public static let noSpace: Self = "NoSpace"
    public static let zfs: Self = "ZfsError"
    public static let datasetNotFound: Self = "DatasetNotFound"
    public static let datasetExists: Self = "DatasetExists"
    public static let notMounted: Self = "NotMounted"
    public static let datasetBusy: Self = "DatasetBusy"
    /// Another process has had a lock for longer than it is waited for.
    public static let lockTimeout: Self = "LockTimeout"
    /// A property of the pool would make the content of images another than it is.
    public static let unsuitablePool: Self = "UnsuitablePool"
    public static let internalError: Self = "InternalError"
}

extension Failure {
    /// The exit status that goes with the code (cli.md §1): 2 for a usage error, 3 where an image or
    /// its origin is not installed, 1 for everything else. Several errors that have the same status keep it.
    public var exitStatus: Int32 {
        if let sharedStatus { return sharedStatus }
        return switch code {
        case .option, .usage: 2
        case .imageNotInstalled, .originNotInstalled: 3
        default: 1
        }
    }
}
