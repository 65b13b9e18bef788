import Failure
import Transport

/// What is asked of a registry, and what it may answer (OCI distribution-spec 1.1, "Endpoints"; Docker Registry HTTP API v2).
/// This is the one place that says so.
enum RegistryOperation: CaseIterable {
    case ping
    case manifest, manifestDigest, tags, blob, blobPresence
    case beginUpload, mount, chunk, uploadProgress, endUpload, cancelUpload, putManifest, deleteManifest

    var method: String {
        switch self {
        case .ping, .manifest, .tags, .blob, .uploadProgress: "GET"
        case .manifestDigest, .blobPresence: "HEAD"
        case .beginUpload, .mount: "POST"
        case .chunk: "PATCH"
        case .endUpload, .putManifest: "PUT"
        case .cancelUpload, .deleteManifest: "DELETE"
        }
    }

    /// What is to be done there (Docker Registry v2, "Token Scope Documentation").
    var actions: RegistryActions {
        switch self {
        case .ping, .manifest, .manifestDigest, .tags, .blob, .blobPresence: .reading
        case .beginUpload, .mount, .chunk, .uploadProgress, .endUpload, .cancelUpload, .putManifest: .writing
        case .deleteManifest: .deleting
        }
    }

    /// What a status says.
    func meaning(of status: Int) -> Meaning {
        if done.contains(status) { return .done }
        if status == 404, isOptional { return .absent }
        // An upload is taken up where the registry says that it is (see `BlobUpload`).
        if self == .chunk, status == 416 { return .passing }
        if [.chunk, .uploadProgress, .endUpload].contains(self), status == 429 || status >= 500 { return .passing }
        return .refused
    }

    /// What an answer says.
    enum Meaning {
        case done
        /// There is none.
        case absent
        /// It may be another one in a moment.
        case passing
        case refused
    }

    private var done: Set<Int> {
        switch self {
        // A registry that wants credentials says so.
        case .ping: [200, 401]
        case .manifest, .manifestDigest, .tags, .blob, .blobPresence: [200]
        case .beginUpload: [202]
        // Where it cannot be, an upload is begun.
        case .mount: [201, 202]
        case .chunk: [201, 202, 204]
        case .uploadProgress: [200, 202, 204]
        case .endUpload: [201]
        case .putManifest: [200, 201]
        case .cancelUpload, .deleteManifest: [200, 202, 204]
        }
    }

    /// It may be asked of what is not there.
    private var isOptional: Bool {
        [.manifest, .manifestDigest, .tags, .blobPresence, .cancelUpload, .deleteManifest].contains(self)
    }

    /// What goes wrong with it is this, where the status does not tell more.
    var code: Failure.Code { actions == .reading ? .sourceError : .uploadError }

    /// The most bytes of the answer.
    func limit(_ limits: RegistryLimits) -> Int {
        switch self {
        case .manifest, .manifestDigest, .blob: limits.manifestBytes
        case .tags: limits.tagListBytes
        default: NetworkLimits.status
        }
    }

    /// How long it may take as a whole, where it is sent once: what it did is not known when its answer is lost, and `BlobUpload`
    /// asks. Nil for what is tried again by itself.
    var onceWithin: Duration? {
        switch self {
        // As long as it gets on.
        case .chunk, .endUpload: .seconds(10 * 86_400)
        case .uploadProgress: .seconds(60)
        case .cancelUpload: .seconds(10)
        default: nil
        }
    }
}

/// What is done in a repository.
enum RegistryActions: String, CaseIterable {
    case reading = "pull"
    case writing = "pull,push"
    case deleting = "pull,delete"
}

/// An answer, and what it means.
struct RegistryAnswer {
    let operation: RegistryOperation
    let reply: HTTPReply
    let meaning: RegistryOperation.Meaning

    init(_ reply: HTTPReply, to operation: RegistryOperation) {
        self.operation = operation
        self.reply = reply
        meaning = operation.meaning(of: reply.status)
    }
}
