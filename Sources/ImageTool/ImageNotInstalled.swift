public import Failure
public import ImageModel
public import ZFS

/// An image that is not on a pool.
public struct ImageNotInstalled: CodedError {
    public let failure: Failure

    public init(_ uuid: ImageUUID, _ pool: PoolName) {
        failure = Failure(.imageNotInstalled, "image \"\(uuid)\" was not found on zpool \"\(pool)\"")
    }
}

/// The config has no image source.
public struct NoSources: CodedError {
    public let failure = Failure(
        .noSources, "no image sources are configured", hint: "imgadm sources -a URL adds one")
}
