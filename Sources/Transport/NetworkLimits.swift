/// What is read of a server at most, and how long. Times that a user can set stand in ``TransportSettings``, what images may have in
/// `ImageLimits` and `RegistryLimits`.
public enum NetworkLimits {
    /// Bytes of an answer of which little more than the status is of interest, or that holds a token.
    public static let status = 1 << 20
    /// Bytes that are read of the text of an error, and for how long it is waited for.
    public static let errorText = 64 << 10
    static let errorPatience = Duration.seconds(5)
    /// Bytes of the head of an answer, interim ones included.
    static let head = 256 << 10
    /// Bytes of a URL that somebody types.
    public static let typedURL = 2048
    /// Bytes of a URL that a server names: presigned ones have thousands.
    public static let namedURL = 64 << 10
    /// Tries of a small request.
    static let tries = 3
    /// The longest time that a server's `Retry-After` is waited for with a small request.
    static let retryAfter = Duration.seconds(10)
    /// Tries of a download that brings nothing.
    static let downloadTries = 6
    /// So many bytes of a download earn all tries again: a long file survives many cuts, and a server that sends a byte a connection
    /// does not hold us for ever.
    static let progress: Int64 = 64 << 10
}
