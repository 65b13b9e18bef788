/// The most bytes of what comes with images, wherever it comes from: servers, files, requests.
public enum ImageLimits {
    /// A manifest: ten times what tags and description may have.
    public static let manifest = 4 << 20
    /// An icon (imgapi.md, section 10).
    public static let icon = 128 << 10
    /// A list of manifests, all its pages together. One of 20,000 images has about 27 MB.
    public static let list = 128 << 20
    /// An image file that a server takes in (imgapi.md, section 9).
    public static let uploadedFile: Int64 = 20 << 30
    /// How many origins an image has, one below the other, where its source knows no smaller number.
    public static let origins = 1024
}
