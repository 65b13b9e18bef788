import Crypto
public import Failure
public import ImageModel
public import JSON
import RawBytes

/// An image as the server gives it out: the fields that requests look for, and its JSON text ready to send.
public final class ServedImage: Sendable {
    public let uuid: ImageUUID
    public let files: [File]
    public let icon: Icon?
    public let owner: String?
    public let name: String?
    public let version: String?
    public let description: String?
    public let type: String?
    /// Its type, if it is one that is known.
    public var imageType: ImageType? { type.flatMap { ImageType(rawValue: $0) } }
    public let os: String?
    public let state: String
    /// Its state, if it is one that is known.
    public var imageState: ImageState? { ImageState(rawValue: state) }
    public let isPublic: Bool
    /// The user who has made it; nil where nobody was known.
    public let publisher: String?
    public let acl: [String]
    public let channels: [String]
    public let origin: String?
    /// By key, the text that a filter compares with.
    public let tags: [String: String]
    public let place: Place

    private let withChannels: ImageText
    /// Nil where it would be the same.
    private let withoutChannels: ImageText?

    /// Where an image stands in a listing: by date of publication, images of the same date by UUID, so that
    /// the order is total and paging does not lose or repeat any.
    public struct Place: Sendable, Comparable {
        public let published: PublicationDate
        public let uuid: ImageUUID

        public static func < (one: Place, other: Place) -> Bool {
            (one.published, one.uuid) < (other.published, other.uuid)
        }
    }

    /// One of its files.
    public struct File: Sendable, Equatable {
        public let sha1: String?
        /// In bytes.
        public let size: Int64?
        /// In base64, where the manifest has it; it is never computed for a download.
        public let contentMD5: String?
    }

    /// Its icon, which an operator may have put there by hand.
    public struct Icon: Sendable, Equatable {
        /// Nil where only its bytes tell.
        public let contentType: String?
        public let sha1: String?
        public let contentMD5: String?

        /// Nil if the manifest has none.
        init?(_ json: JSONValue?) {
            guard json == true || json?.objectValue != nil else { return nil }
            contentType = json?["contentType"]?.stringValue
            sha1 = json?["sha1"]?.stringValue
            contentMD5 = json?["contentMD5"]?.stringValue
        }
    }

    /// - Parameter manifest: normalized (see ``ServedManifest``).
    init(_ manifest: ServedManifest) {
        let json = manifest.json
        uuid = manifest.uuid
        owner = json["owner"]?.stringValue
        name = json["name"]?.stringValue
        version = json["version"]?.lenientText
        description = json["description"]?.stringValue
        type = json["type"]?.stringValue
        os = json["os"]?.stringValue
        state = json["state"]?.stringValue ?? ""
        isPublic = json["public"] == true
        publisher = manifest.publisher
        acl = json["acl"]?.arrayValue?.compactMap(\.stringValue) ?? []
        channels = json["channels"]?.arrayValue?.compactMap(\.stringValue) ?? []
        origin = json["origin"]?.stringValue
        tags = Self.index(json["tags"]?.objectValue ?? [:])
        place = Place(published: PublicationDate(publishedAt: json["published_at"]?.stringValue), uuid: manifest.uuid)
        files = manifest.files
        icon = manifest.icon
        withChannels = ImageText(json)
        if json["channels"] == nil {
            withoutChannels = nil
        } else {
            var older = json
            older["channels"] = nil
            withoutChannels = ImageText(older)
        }
    }

    /// The image as it is served of what is stored.
    ///
    /// - Throws: `InvalidManifest`, `ManifestValidation`.
    public convenience init(stored: JSONObject, mode: ServerMode, channels: ChannelList?) throws(Failure) {
        self.init(try ServedManifest(stored, mode: mode, channels: channels))
    }

    /// Whether it was ever activated.
    public var isActivated: Bool { imageState == .active || imageState == .disabled }

    /// Its JSON text, with the channels that it is in or as clients that know none are given it.
    public func text(withChannels hasChannels: Bool) -> ImageText {
        hasChannels ? withChannels : withoutChannels ?? withChannels
    }

    /// It as a value.
    ///
    /// - Parameters:
    ///   - hasChannels: with the channels that it is in.
    ///   - adminFields: with what only operators are told: where files are stored (imgapi.md, section 3), and who has made it.
    public func json(withChannels hasChannels: Bool, adminFields: Bool) throws -> JSONValue {
        let value = try JSONValue(parsing: text(withChannels: hasChannels).element)
        guard adminFields, var object = value.objectValue else { return value }
        object[ServedForm.publisherKey] = publisher.map { .string($0) }
        let files = object["files"]?.arrayValue?.compactMap(\.objectValue) ?? []
        object["files"] = .array(
            files.map { file in
                var file = file
                file["stor"] = "local"
                return .object(file)
            })
        return .object(object)
    }

    /// Numbers and booleans go by their text; an object, an array, null, or a string of more than 100
    /// characters counts as empty (imgapi.md, section 11).
    private static func index(_ tags: JSONObject) -> [String: String] {
        var index: [String: String] = [:]
        for (key, value) in tags {
            switch value {
            case .string(let text): index[key] = text.utf16.count > 100 ? "" : text
            case .number(let number): index[key] = number.text
            case .bool(let flag): index[key] = flag ? "true" : "false"
            case .null, .array, .object: index[key] = ""
            }
        }
        return index
    }
}

/// The JSON text of an image, and its Etag.
public struct ImageText: Sendable {
    /// Indented as an element of the list, which is asked for most.
    public let element: [UInt8]
    /// The SHA-1 of the compact text (imgapi.md, section 12).
    public let entityTag: String

    init(_ json: JSONObject) {
        let value = JSONValue.object(json)
        var compact: [UInt8] = []
        value.write(to: &compact)
        entityTag = Hexadecimal.text(Insecure.SHA1.hash(data: compact))
        var lines: [UInt8] = []
        value.write(to: &lines, style: .indented(2))
        var element: [UInt8] = []
        element.reserveCapacity(lines.count + lines.count / 8)
        for byte in lines {
            element.append(byte)
            if byte == UInt8(ascii: "\n") { element.append(contentsOf: Self.indentation) }
        }
        self.element = element
    }

    /// Indented as a value of its own. In JSON text a newline is never part of a string.
    public var lines: [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(element.count)
        var index = 0
        while index < element.count {
            lines.append(element[index])
            index += element[index] == UInt8(ascii: "\n") ? 1 + Self.indentation.count : 1
        }
        return lines
    }

    private static let indentation = [UInt8](repeating: UInt8(ascii: " "), count: 2)
}
