import ImageModel
import ImageSource
import JSON
import OCIRegistry
import Time

/// What a registry says of the files it has, as fields of a manifest (OCI image-spec, annotations.md).
enum RegistryDraft {
    /// - Parameters:
    ///   - notes: annotations and labels, the nearest to the file first.
    ///   - config: of the image.
    ///   - fileName: of the file.
    static func fields(
        _ reference: DockerReference, notes: [[String: String]], config: JSONValue?, fileName: String
    ) -> JSONObject {
        func note(_ key: String) -> String? {
            notes.lazy.compactMap { $0["org.opencontainers.image.\(key)"] }.first { !$0.isEmpty }
        }
        var fields = JSONObject()
        let repository = reference.repository.split(separator: "/").last.map(String.init) ?? reference.repository
        // A title is for people, unless it could be a name. That of a file is no title of the image.
        let title = notes.dropFirst().lazy.compactMap { $0[RegistryContent.titleKey] }.first { !$0.isEmpty }
        let isName = title.map { ImageFileName.fit($0) == $0 } ?? false
        fields["name"] = (isName ? title : ImageFileName.fit(repository)).map { .string($0) }
        let tag = reference.tag.flatMap { $0 == "latest" ? nil : $0 }
        let version = note("version") ?? tag ?? ImageFileName(fileName).version
        // The day stands for the version of what is always called the same.
        let created = (note("created") ?? config?["created"]?.stringValue).flatMap { Timestamp(rfc3339: $0) }
        let day = created.map { String($0.description.prefix(10).filter { $0 != "-" }) }
        fields["version"] = (version.flatMap { ImageFileName.fit($0) } ?? day).map { .string($0) }
        if let text = note("description") ?? (isName ? nil : title) {
            fields["description"] = .string(String(text.prefix(longestText)))
        }
        if let url = note("url"), ManifestValidation.validate(["homepage": .string(url)], required: []).isEmpty {
            fields["homepage"] = .string(url)
        }
        if let created { fields["published_at"] = .string(created.description) }
        if let os = ImageFileName(fileName).os ?? ImageFileName(repository).os { fields["os"] = .string(os.rawValue) }
        return fields
    }

    /// In characters.
    private static let longestText = 512

    /// The labels of an image, by its config.
    static func labels(_ config: JSONValue?) -> [String: String] {
        var labels: [String: String] = [:]
        for (key, value) in config?["config"]?["Labels"]?.objectValue ?? [:] { labels[key] = value.stringValue }
        return labels
    }
}
