public import Failure
public import ImageModel
public import ZFS

/// An image that is not on a pool, or on none.
public struct ImageNotInstalled: CodedError {
    /// The image's UUID, or the name that it was asked for by.
    let asked: String
    /// Nil where all were looked at.
    let pool: PoolName?
    public let failure: Failure

    public init(_ uuid: ImageUUID, _ pool: PoolName) { self.init(uuid.description, pool, hint: nil) }

    /// - Parameter hint: which one may have been meant, or where it is.
    init(_ asked: String, _ pool: PoolName?, hint: String?) {
        self.asked = asked
        self.pool = pool
        failure = Failure(
            .imageNotInstalled,
            pool.map { "image \"\(asked)\" was not found on zpool \"\($0)\"" } ?? "image \"\(asked)\" is not installed",
            hint: hint)
    }
}

/// The config has no image source.
public struct NoSources: CodedError {
    public let failure = Failure(
        .noSources, "no image sources are configured", hint: "imgadm sources -a URL adds one")
}
