public import ImageModel
import ImageSource
import ImageStore
import JSON
public import SystemPackage
public import ZFS

/// What a verb did to an image, or found done. The sentence for people and the object for programs are both made of it.
public struct ImageResult: Sendable {
    /// Where an image was found that should have been made.
    public enum Presence: Sendable {
        /// It was asked for, and is installed.
        case asked
        /// Another builds on it, and it is installed.
        case origin
        /// Somebody else installed it meanwhile.
        case meanwhile
        /// It is published, equal in every field.
        case published
        /// A registry has it under that reference.
        case pushed
    }

    public enum Action: Sendable {
        case present(Presence)
        case imported, installed, deleted
        /// It was there without a record, and has one now.
        case adopted
        /// What was left of it by a run that died is gone.
        case cleared
        /// Just one of its references was taken away.
        case untagged(String)
        /// It was not deleted, since something needs it.
        case kept
        /// It had no manifest here, and has one now.
        case described
        case updated(fields: [String])
        case snapshotRenamed(from: SnapshotName, to: SnapshotName)
        /// What a source says of it is what is known here.
        case unchanged
        /// No source knows it.
        case unknown
        case created, converted, exported, published, pushed
        // Of an image on a server:
        case enabled, disabled
        case set(fields: [String])
        case addedToChannel(String), removedFromChannel(String), notInChannel(String)
        /// From all channels, or from the one that was named.
        case deletedThere(channel: String?)
    }

    public var action: Action
    public var uuid: ImageUUID?
    /// What is known of it.
    public var manifest: Manifest?
    /// What was known of it before, where it is called otherwise now.
    var former: Manifest?
    /// How the sentence names it.
    var title: String
    /// What docker calls it.
    public var reference: String?
    /// Of a dry run, how many layers would come, and how large they are together.
    var coming: (layers: Int, bytes: Int64?)?
    /// Of a docker image, how messages call the layer: `layer 2 of 5`.
    public var layer: String?
    /// Why it is as it is.
    public var reason: String?
    /// The pool that it is on.
    public var pool: PoolName?
    /// It was named, and did not only come along as the origin of another.
    public var isRequested = true
    /// It is only told what would be done.
    public var isPlanned = false
    /// The URL or path that it is from.
    public var source: String?
    /// The URL or path that it went to.
    public var destination: String?
    /// Of the file that was moved or written, or that came free on the pool.
    public var bytes: Int64?
    /// What the file is held to.
    public var check: ImageFileCheck?
    /// That of a server stands in for the checksum that the manifest lacks.
    var trustsMD5 = false
    /// The manifest that was written beside a file.
    public var manifestFile: FilePath?
    /// By which a registry knows it.
    public var digest: String?

    init(_ action: Action, _ manifest: Manifest?, title: String, in pool: PoolName? = nil) {
        self.action = action
        self.manifest = manifest
        uuid = manifest?.uuid
        self.title = title
        self.pool = pool
    }

    /// Of an image that is installed.
    init(_ action: Action, _ image: InstalledImage, title: String? = nil) {
        self.init(action, image.manifest, title: title ?? image.title, in: image.pool)
        source = image.source
        reference = image.references.first
    }

    /// Of one that is made of a file.
    ///
    /// - Parameter manifest: what it turned out to be, where that is another than was known.
    init(_ action: Action, _ image: AvailableImage, as manifest: Manifest? = nil, title: String, in pool: PoolName) {
        self.init(action, manifest ?? image.manifest, title: title, in: pool)
        source = image.source ?? image.place.description
        reference = image.reference
        bytes = image.check.size
        check = image.check
        trustsMD5 = image.trustsMD5
    }

    /// Of one that went to a server or a repository.
    static func published(_ manifest: Manifest, bytes: Int64, to url: String, action: Action = .published) -> Self {
        var result = ImageResult(action, manifest, title: manifest.uuid.description)
        (result.bytes, result.destination) = (bytes, url)
        return result
    }

    /// Of files that were written.
    ///
    /// - Parameters:
    ///   - manifest: with what was written in `files`.
    ///   - title: how the sentence names it.
    static func written(
        _ action: Action, _ manifest: Manifest?, title: String, to file: FilePath?, manifestFile: FilePath?,
        bytes: Int64?
    ) -> Self {
        var result = ImageResult(action, manifest, title: title)
        (result.bytes, result.destination, result.manifestFile) = (bytes, file?.string, manifestFile)
        return result
    }

    /// Whether something is another than before, or would be.
    public var isChange: Bool {
        switch action {
        case .present, .kept, .unchanged, .unknown, .notInChannel: false
        case .imported, .installed, .adopted, .deleted, .cleared, .untagged, .described, .updated, .snapshotRenamed,
            .created, .converted,
            .exported, .published, .pushed, .enabled, .disabled, .set, .addedToChannel, .removedFromChannel,
            .deletedThere:
            true
        }
    }
}
