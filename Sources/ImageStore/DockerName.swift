public import ImageModel
import JSON

/// A name that an image of a registry has here: a repository and one of its tags belong together.
public struct DockerName: Sendable, Hashable, CustomStringConvertible {
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

    /// `REPO:TAG`
    public var description: String { "\(repository):\(tag)" }
}

/// A name by digest that an image of a registry has here: what a reference of that repository led to.
public struct DockerDigest: Sendable, Hashable, CustomStringConvertible {
    /// The repository's local name.
    public let repository: String
    public let digest: ContentDigest

    /// That of an entry of `ImageRecord.pulls`; nil for what is about no image of type docker.
    init?(pulled key: String, _ digest: JSONValue) {
        // What is no reference was not written by us.
        guard let text = key.split(separator: " ").first, let reference = try? DockerReference(String(text)),
            let digest = digest.stringValue.flatMap({ ContentDigest($0) })
        else { return nil }
        repository = reference.localName
        self.digest = digest
    }

    /// `REPO@DIGEST`
    public var description: String { "\(repository)@\(digest)" }
}

extension InstalledImage {
    /// The names of an image of type docker. A layer may be the top of images of several repositories: what led to it is
    /// written down (`ImageRecord.pulls`). Tags of the manifest that nothing is written down about are of the manifest's
    /// repository.
    public var dockerNames: [DockerName] { manifest.dockerNames(pulls) }

    /// The digests that references to it led to.
    public var dockerDigests: [DockerDigest] {
        let digests = Set(pulls.compactMap { DockerDigest(pulled: $0.key, $0.value) })
        return digests.sorted { $0.description < $1.description }
    }

    /// What docker calls it: its tags and, of a repository of which it has none, its digests.
    public var references: [String] {
        let names = dockerNames
        let tagged = Set(names.map(\.repository))
        return names.map(\.description)
            + dockerDigests.filter { !tagged.contains($0.repository) }.map(\.description)
    }

    /// Whether a reference leads to it.
    public func isCalled(_ reference: DockerReference) -> Bool {
        guard reference.digest == nil else {
            return dockerDigests.contains { $0.description == reference.localDescription }
        }
        return dockerNames.contains { $0.description == reference.localDescription }
    }
}

extension InstalledImage {
    /// It is part of docker images, and none that has a name.
    public var isBareLayer: Bool { manifest.imageType == .docker && references.isEmpty }
}

extension Manifest {
    /// The names that it has by its own `tags`, and by what led to it.
    func dockerNames(_ pulls: JSONObject) -> [DockerName] {
        var names: [DockerName] = []
        for (key, _) in pulls {
            if let name = DockerName(pulled: key), !names.contains(name) { names.append(name) }
        }
        let explained = Set(names.map(\.tag))
        if let repository = tags["docker:repo"]?.stringValue {
            for tag in dockerTags where !explained.contains(tag) {
                let name = DockerName(repository: repository, tag: tag)
                // A manifest may say anything: what is no reference names nothing.
                if (try? DockerReference(name.description)) != nil { names.append(name) }
            }
        }
        return names.sorted { ($0.repository, $0.tag) < ($1.repository, $1.tag) }
    }

    /// The tags that it has by its own `tags`.
    var dockerTags: [String] {
        tags.keys.filter { $0.hasPrefix("docker:tag:") }.map { String($0.dropFirst("docker:tag:".count)) }
    }
}
