import Failure
public import IMGAPI
public import ImageModel
public import ImageSource
public import JSON
import Transport

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

    /// An image by its UUID or name.
    ///
    /// - Throws: `ImageNotFound`, `AmbiguousName`, `InvalidUUID`; what the server says.
    public func image(_ text: String) async throws -> Manifest { try await tagged(text).manifest }

    private func tagged(_ text: String) async throws -> (manifest: Manifest, entityTag: String?) {
        let uuid = if let uuid = ImageUUID(typed: text) { uuid } else { try await named(text) }
        guard let found = try await client.taggedImage(uuid) else { throw notFound("image \(uuid)", among: []) }
        return found
    }

    /// An image by its name or by the beginning of its UUID, as installed ones are named.
    private func named(_ text: String) async throws -> ImageUUID {
        let word = InstalledWord(text)
        guard let name = word.name else {
            throw Failure(.invalidUUID, "\"\(text)\" is neither a UUID nor the name of an image")
        }
        // What is no manifest has no name.
        let all = try await images().compactMap { try? Manifest($0.manifest.value) }
        let isLatest = name.version == "latest"
        if let image = try ImageTool.choose(all.filter { name.fits($0) }, called: text, isLatest: isLatest) {
            return image.uuid
        }
        if let digits = word.digits {
            let begun = all.filter { $0.uuid.description.hasPrefix(digits) }
            if let image = try ImageTool.choose(begun, called: text, isLatest: false) { return image.uuid }
        }
        throw notFound("an image called \"\(name)\"", among: all, name.name)
    }

    private func notFound(_ what: String, among images: [Manifest], _ name: String? = nil) -> Failure {
        let place = client.base + (channel.map { ", channel \"\($0)\"" } ?? "")
        return Failure(
            .imageNotFound, "\(what) is not on \(place)",
            hint: name.flatMap { Suggestion.hint(for: $0, among: images.compactMap(\.name)) }
                ?? "imgadm remote list \(client.base) shows the images; of those that are not active, to whom the server knows"
        )
    }

    /// - Parameter report: is told what was done; so below.
    public func enable(_ text: String, _ isEnabled: Bool, _ report: Report) async throws {
        let image = try await image(text)
        let changed = try await outlasting { try await client(for: image).enable(image.uuid, isEnabled, by: signer) }
        guard changed.imageState != (isEnabled ? .disabled : .active) else {
            throw undone(image, "is still \(isEnabled ? "disabled" : "active")")
        }
        tell(isEnabled ? .enabled : .disabled, changed, report)
    }

    public func update(_ text: String, _ fields: JSONObject, _ report: Report) async throws {
        let image = try await image(text)
        let changed = try await outlasting { try await client(for: image).update(image.uuid, fields, by: signer) }
        let (before, after) = (ManifestSpelling.usual(image.json), ManifestSpelling.usual(changed.json))
        // What it does not show, it may have done.
        let still = ManifestSpelling.usual(fields).filter { name, asked in
            guard let value = after[name] else { return false }
            return value == before[name] && value != asked && !(value.isEmpty && (asked == .null || asked.isEmpty))
        }
        guard still.isEmpty else {
            throw undone(
                image,
                "still has \(still.map { name, _ in "\(name)=\(after[name]?.text() ?? "")" }.joined(separator: ", "))")
        }
        tell(.set(fields: Array(fields.keys)), changed, report)
    }

    public func add(_ text: String, toChannel name: String, _ report: Report) async throws {
        let image = try await image(text)
        _ = try channels(of: image)
        let changed = try await outlasting { try await client(for: image).add(image.uuid, toChannel: name, by: signer) }
        guard changed.channels?.contains(name) != false else { throw undone(image, "is not in channel \"\(name)\"") }
        tell(.addedToChannel(name), image, report)
    }

    /// Takes an image out of a channel, but never out of its last, which would delete it.
    public func remove(_ text: String, fromChannel name: String, _ report: Report) async throws {
        let first = try await tagged(text)
        // With the tag that it had, a change whose answer was lost would be refused: so each try looks at the image anew.
        var isFirst = true
        try await outlasting {
            defer { isFirst = false }
            let found = isFirst ? first : try await tagged(first.manifest.uuid.description)
            try await remove(found, fromChannel: name, report)
        }
    }

    private func remove(
        _ found: (manifest: Manifest, entityTag: String?), fromChannel name: String, _ report: Report
    ) async throws {
        let (image, entityTag) = found
        let channels = try channels(of: image)
        guard channels.contains(name) else { return tell(.notInChannel(name), image, report) }
        let rest = channels.filter { $0 != name }
        guard !rest.isEmpty else {
            throw Failure(
                .usage, "image \(title(image)) is in no other channel than \"\(name)\"",
                hint:
                    "imgadm remote delete \(image.uuid) \(client.base) deletes it; channel-add adds it to another first"
            )
        }
        let changed = try await client(for: image).update(
            image.uuid, ["channels": .array(rest.map { .string($0) })], ifStill: entityTag, by: signer)
        guard changed.channels?.contains(name) != true else {
            throw undone(image, "is still in channel \"\(name)\"")
        }
        tell(.removedFromChannel(name), image, report)
    }

    /// Deletes an image, or takes it out of the channel that the URL names.
    public func delete(_ text: String, _ report: Report) async throws {
        let image = try await image(text)
        try await outlasting {
            try await client(for: image).delete(image.uuid, fromAllChannels: channel == nil, by: signer)
        }
        tell(.deletedThere(channel: channel), image, report)
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
            hint: "imgadm remote show \(image.uuid) \(client.base) shows it")
    }

    /// What changes an image names one of its channels, if it has any.
    private func client(for image: Manifest) -> IMGAPIClient { client.inChannel(channel ?? image.channels?.first) }

    private func channels(of image: Manifest) throws(Failure) -> [String] {
        guard let channels = image.channels else {
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
