import ImageModel
import JSON

/// A name that an image of a registry has here: a repository and one of its tags belong together.
public struct DockerName: Sendable, Hashable {
    /// The repository's local name (docker.md, "References").
    public let repository: String
    public let tag: String

    public init(repository: String, tag: String) {
        self.repository = repository
        self.tag = tag
    }

    /// The name in a key of `ImageRecord.pulls`; nil for a reference by digest alone.
    init?(pulled key: String) {
        // What is no reference was not written by us.
        guard let text = key.split(separator: " ").first, let reference = try? DockerReference(String(text)),
            let tag = reference.tag
        else { return nil }
        self.init(repository: reference.localName, tag: tag)
    }
}

extension InstalledImage {
    /// The names of an image of type docker. A layer may be the top of images of several repositories: what led to it is
    /// written down (`ImageRecord.pulls`). Tags of the manifest that nothing is written down about are of the manifest's
    /// repository.
    public var dockerNames: [DockerName] {
        var names: [DockerName] = []
        for (key, _) in pulls {
            if let name = DockerName(pulled: key), !names.contains(name) { names.append(name) }
        }
        guard let repository = manifest.tags["docker:repo"]?.stringValue else { return names }
        let explained = Set(names.map(\.tag))
        for tag in manifest.dockerTags where !explained.contains(tag) {
            names.append(DockerName(repository: repository, tag: tag))
        }
        return names.sorted { ($0.repository, $0.tag) < ($1.repository, $1.tag) }
    }
}

extension Manifest {
    /// The tags that it has by its own `tags`.
    var dockerTags: [String] {
        tags.keys.filter { $0.hasPrefix("docker:tag:") }.map { String($0.dropFirst("docker:tag:".count)) }
    }
}
