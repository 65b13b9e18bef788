import Failure
public import IMGAPI
public import ImageModel
public import ImageSource
public import JSON
import Transport

/// An image as a server has it.
public struct RemoteImage: Sendable {
    public let manifest: Manifest
    /// Of that manifest, if the server says it.
    let entityTag: String?

    var uuid: ImageUUID { manifest.uuid }
}

/// The images of one image server, and what whoever may does to them there (imgapi.md, section 10).
public struct RemoteServer: Sendable {
    /// Asked for images of every channel, or of the one that the URL names.
    private let client: IMGAPIClient
    /// The channel that the URL names.
    private let channel: String?
    private let signer: RequestSigner?
    private let transport: Transport

    fileprivate init(_ client: IMGAPIClient, signer: RequestSigner?, _ transport: Transport) {
        channel = client.channel
        // A server without channels does not mind.
        self.client = client.inChannel(client.channel ?? "*")
        self.signer = signer
        self.transport = transport
    }

    /// Its images in all states, as far as it tells who asks.
    public func images() async throws -> [ListedImage] { try await client.list(inState: "all") }

    /// An image as the server has it, by its UUID or name.
    ///
    /// - Throws: `ImageNotFound`, `AmbiguousName`, `InvalidUUID`; what the server says.
    public func image(_ text: String) async throws -> RemoteImage {
        var all: [Manifest]?
        return try await lookUp(text, among: &all).get()
    }

    /// The images that words name, each once: all of them are known before the first is changed, which could make another one the
    /// latest of its name.
    ///
    /// - Throws: as ``image(_:)``, of all words.
    public func images(_ words: [String]) async throws -> [RemoteImage] {
        var all: [Manifest]?
        var images: [RemoteImage] = []
        var failures: [any CodedError] = []
        for word in words {
            switch try await lookUp(word, among: &all) {
            case .success(let image) where images.contains(where: { $0.uuid == image.uuid }): break
            case .success(let image): images.append(image)
            case .failure(let failure): failures.append(failure)
            }
        }
        if let failure = Failure.combining(failures) { throw failure }
        return images
    }

    /// - Parameter all: the images of the server, which are asked for with the first name.
    /// - Returns: why the word names no image, if it does not.
    private func lookUp(
        _ text: String, among all: inout [Manifest]?
    ) async throws -> Result<RemoteImage, Failure> {
        let uuid: ImageUUID
        if let typed = ImageUUID(typed: text) {
            uuid = typed
        } else {
            // What is no manifest has no name.
            if all == nil { all = try await images().compactMap { try? Manifest($0.manifest.value) } }
            do {
                uuid = try named(text, among: all ?? [])
            } catch {
                return .failure(error)
            }
        }
        guard let found = try await client.taggedImage(uuid) else {
            return .failure(notFound("image \(uuid)", among: []))
        }
        return .success(RemoteImage(manifest: found.manifest, entityTag: found.entityTag))
    }

    /// An image by its name or by the beginning of its UUID, as installed ones are named.
    private func named(_ text: String, among all: [Manifest]) throws(Failure) -> ImageUUID {
        let word = InstalledWord(text)
        guard word.name != nil || word.digits != nil else {
            throw Failure(.invalidUUID, "\"\(text)\" is neither a UUID nor the name of an image")
        }
        if let name = word.name {
            let isLatest = name.version == "latest"
            if let image = try ImageTool.choose(all.filter { name.fits($0) }, called: text, isLatest: isLatest) {
                return image.uuid
            }
        }
        if let digits = word.digits {
            let begun = all.filter { $0.uuid.description.hasPrefix(digits) }
            if let image = try ImageTool.choose(begun, called: text, isLatest: false) { return image.uuid }
        }
        throw notFound("an image called \"\(text)\"", among: all, word.name?.name)
    }

    private func notFound(_ what: String, among images: [Manifest], _ name: String? = nil) -> Failure {
        let place = client.base + (channel.map { ", channel \"\($0)\"" } ?? "")
        return Failure(
            .imageNotFound, "\(what) is not on \(place)",
            hint: name.flatMap { Suggestion.hint(for: $0, among: images.compactMap(\.name)) }
                ?? "imgadm remote list \(ShellWord.quoted(client.base)) shows the images; of those that are not active, to whom the server knows"
        )
    }

    /// - Parameter report: is told what was done; so below.
    public func enable(_ image: RemoteImage, _ isEnabled: Bool, _ report: Report) async throws {
        let changed = try await outlasting { try await client(for: image).enable(image.uuid, isEnabled, by: signer) }
        guard changed.imageState != (isEnabled ? .disabled : .active) else {
            throw undone(image.manifest, "is still \(isEnabled ? "disabled" : "active")")
        }
        tell(isEnabled ? .enabled : .disabled, changed, report)
    }

    public func update(_ image: RemoteImage, _ fields: JSONObject, _ report: Report) async throws {
        let changed = try await outlasting { try await client(for: image).update(image.uuid, fields, by: signer) }
        let (before, after) = (ManifestSpelling.usual(image.manifest.json), ManifestSpelling.usual(changed.json))
        // What it does not show, it may have done.
        let still = ManifestSpelling.usual(fields).filter { name, asked in
            guard let value = after[name] else { return false }
            return value == before[name] && value != asked && !(value.isEmpty && (asked == .null || asked.isEmpty))
        }
        guard still.isEmpty else {
            throw undone(
                image.manifest,
                "still has \(still.map { name, _ in "\(name)=\(after[name]?.text() ?? "")" }.joined(separator: ", "))")
        }
        tell(.set(fields: Array(fields.keys)), changed, report)
    }

    public func add(_ images: [RemoteImage], toChannel name: String, _ report: Report) async throws {
        for image in images { _ = try channels(of: image) }
        for image in images {
            let changed: Manifest
            do {
                changed = try await outlasting {
                    try await client(for: image).add(image.uuid, toChannel: name, by: signer)
                }
            } catch let refusal as ServerRefusal where refusal.hint == nil {
                throw await explained(refusal, channel: name)
            }
            guard changed.channels?.contains(name) != false else {
                throw undone(image.manifest, "is not in channel \"\(name)\"")
            }
            tell(.addedToChannel(name), image.manifest, report)
        }
    }

    /// A refusal with the channels that there are, if it is that there is none of that name.
    private func explained(_ refusal: ServerRefusal, channel name: String) async -> any CodedError {
        // It is for a hint alone, and a server need not say it.
        guard let known = try? await client.channels(), !known.isEmpty, !known.contains(name) else { return refusal }
        return Failure(
            refusal.code, refusal.message, cause: refusal.cause,
            hint: Suggestion.hint(for: name, among: known)
                ?? "its channels are \(known.prefix(20).joined(separator: ", "))", statusCode: refusal.statusCode)
    }

    /// Takes images out of a channel, but none out of its last, which would delete it.
    public func remove(_ images: [RemoteImage], fromChannel name: String, _ report: Report) async throws {
        for image in images { _ = try rest(of: image, without: name) }
        for first in images {
            // With the tag that it had, a change whose answer was lost would be refused: so each try looks at the image anew.
            var isFirst = true
            try await outlasting {
                defer { isFirst = false }
                let found = isFirst ? first : try await image(first.uuid.description)
                try await remove(found, fromChannel: name, report)
            }
        }
    }

    private func remove(_ image: RemoteImage, fromChannel name: String, _ report: Report) async throws {
        guard let rest = try rest(of: image, without: name) else {
            return tell(.notInChannel(name), image.manifest, report)
        }
        let changed = try await client(for: image).update(
            image.uuid, ["channels": .array(rest.map { .string($0) })], ifStill: image.entityTag, by: signer)
        guard changed.channels?.contains(name) != true else {
            throw undone(image.manifest, "is still in channel \"\(name)\"")
        }
        tell(.removedFromChannel(name), image.manifest, report)
    }

    /// The other channels of an image; nil if it is not in this one.
    ///
    /// - Throws: `Usage` where there is no other.
    private func rest(of image: RemoteImage, without name: String) throws(Failure) -> [String]? {
        let channels = try channels(of: image)
        guard channels.contains(name) else { return nil }
        let rest = channels.filter { $0 != name }
        guard !rest.isEmpty else {
            throw Failure(
                .usage, "image \(title(image.manifest)) is in no other channel than \"\(name)\"",
                hint:
                    "imgadm remote delete \(image.uuid) \(ShellWord.quoted(client.base)) deletes it; channel-add adds it to another first"
            )
        }
        return rest
    }

    /// Deletes an image, or takes it out of the channel that the URL names.
    public func delete(_ image: RemoteImage, _ report: Report) async throws {
        try await outlasting {
            try await client(for: image).delete(image.uuid, fromAllChannels: channel == nil, by: signer)
        }
        tell(.deletedThere(channel: channel), image.manifest, report)
    }

    /// A change of an image that was seen a moment ago: the server, or one of several behind a proxy, may be away just now. Done twice
    /// it comes to the same.
    private func outlasting<Value>(_ change: () async throws -> Value) async throws -> Value {
        try await transport.outlasting(change)
    }

    private func tell(_ action: ImageResult.Action, _ image: Manifest, _ report: Report) {
        var result = ImageResult(action, image, title: title(image))
        result.destination = client.base
        report.did(result)
    }

    /// The server refuses nothing, and shows the image as it was.
    private func undone(_ image: Manifest, _ state: String) -> Failure {
        Failure(
            .uploadError, "\(client.base) answers as if it were done, but image \(title(image)) \(state)",
            hint: "imgadm remote show \(image.uuid) \(ShellWord.quoted(client.base)) shows it")
    }

    /// What changes an image names one of its channels, if it has any.
    private func client(for image: RemoteImage) -> IMGAPIClient {
        client.inChannel(channel ?? image.manifest.channels?.first)
    }

    private func channels(of image: RemoteImage) throws(Failure) -> [String] {
        guard let channels = image.manifest.channels else {
            throw Failure(.usage, "\(client.base) has no channels")
        }
        return channels
    }

    private func title(_ image: Manifest) -> String { "\(image.uuid) (\(image.title))" }
}

extension ImageTool {
    /// - Parameter signer: signs what is asked and what is changed; nil for a token, or for nobody.
    /// - Throws: `Usage` for what is no image server; what keeps its token from being shown.
    public func remoteServer(_ server: SourceDescriptor, by signer: RequestSigner?) throws -> RemoteServer {
        guard server.type == .imgapi else {
            throw Failure(
                .usage, "\"\(server.displayURL)\" is not the URL of an image server",
                hint: "imgadm remote works on servers of IMGAPI; imgapi-server is one")
        }
        return RemoteServer(try sources.client(server, reader: signer), signer: signer, transport)
    }
}

extension JSONValue {
    /// An object or an array of nothing, which servers have for a field that is not there.
    fileprivate var isEmpty: Bool { objectValue?.isEmpty ?? arrayValue?.isEmpty ?? false }
}
