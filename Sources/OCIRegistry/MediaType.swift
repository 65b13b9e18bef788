/// The kinds of content a registry has (OCI image-spec, media-types.md; Docker "Image Manifest Version 2, Schema 2").
public enum MediaType {
    static let index = "application/vnd.oci.image.index.v1+json"
    static let manifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
    static let manifest = "application/vnd.oci.image.manifest.v1+json"
    static let schema2 = "application/vnd.docker.distribution.manifest.v2+json"
    static let signedSchema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    static let schema1 = "application/vnd.docker.distribution.manifest.v1+json"

    /// All that can be read, the best first.
    static let manifests = [index, manifestList, manifest, schema2, signedSchema1, schema1]

    /// The config of an image to run.
    public static let config = "application/vnd.oci.image.config.v1+json"
    /// A layer, as an archive; how it is packed stands behind it.
    public static let layer = "application/vnd.oci.image.layer.v1.tar"

    static let configs = [
        config, "application/vnd.docker.container.image.v1+json",
        // What builders and registries wrote for images that docker takes to this day.
        "application/octet-stream", "application/json", "text/plain", "text/html", "",
    ]

    /// A type without its parameters, as two are compared (RFC 9110 §8.3.1).
    static func bare(_ type: String) -> String {
        let essence = type.prefix { $0 != ";" }
        return String(essence.drop { $0 == " " }.prefix { $0 != " " }).lowercased()
    }

    /// Why a layer of this type cannot be had; nil if it can.
    static func obstacle(_ type: String) -> String? {
        let type = bare(type)
        if type.contains("+encrypted") { return "is encrypted" }
        if type.contains("foreign") || type.contains("nondistributable") {
            return "is a foreign one, which its registry does not have"
        }
        return nil
    }
}
