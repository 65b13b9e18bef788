import Failure
import ImageModel
import JSON
import SystemPackage

/// The manifest of an image that is made of a disk.
struct DiskManifest {
    private(set) var json: JSONObject

    /// What virtual machines have everywhere by now.
    private static let machine: JSONObject = ["nic_driver": "virtio", "disk_driver": "virtio", "cpu_type": "host"]

    /// - Parameters:
    ///   - uuid: where none is given.
    ///   - size: bytes of the disk.
    init(_ request: ConvertRequest, uuid: ImageUUID, size: UInt64, origin: Manifest?) {
        var json: JSONObject = ["v": 2, "uuid": .string(uuid.description)]
        for (key, value) in request.manifest { json[key] = value }
        for (path, value) in request.fields {
            ManifestFields.set(value, at: path.split(separator: ".")[...], in: &json)
        }
        let name = ImageFileName(request.file == "-" ? "disk" : FilePath(request.file).lastComponent?.string ?? "disk")
        func offer(_ field: String, _ value: JSONValue?) { if json[field] == nil, let value { json[field] = value } }
        offer("name", .string(name.name))
        offer("version", name.version.map { .string($0) })
        offer("type", "zvol")
        offer("os", name.os.map { .string($0.rawValue) })
        for field in ["version", "os", "requirements", "users", "nic_driver", "disk_driver", "cpu_type"] {
            offer(field, origin?.json[field])
        }
        for (field, value) in Self.machine { offer(field, value) }
        let mebibytes = size / (1 << 20) + (size % (1 << 20) == 0 ? 0 : 1)
        offer("image_size", .number(JSONNumber(Int(clamping: mebibytes))))
        if let origin { json["origin"] = .string(origin.uuid.description) }
        self.json = json
    }

    /// - Throws: `ManifestValidation`.
    func checked() throws -> Manifest {
        do {
            try ManifestValidation.check(json)
        } catch let failure {
            throw Failure(
                failure.code, failure.message, cause: failure.cause,
                hint: "what the file's name does not tell must be given: version=1.0.0 os=linux")
        }
        guard json["type"] == "zvol" else {
            throw Failure(
                .manifestValidation, "invalid manifest: of a disk an image of type zvol is made, and no other")
        }
        return try Manifest(json)
    }
}

/// Fields of manifests as they are given in arguments: `requirements.min_ram=512`.
enum ManifestFields {
    static func set(_ value: JSONValue, at path: ArraySlice<Substring>, in object: inout JSONObject) {
        guard let first = path.first else { return }
        guard path.count > 1 else {
            object[String(first)] = value
            return
        }
        var inner = object[String(first)]?.objectValue ?? [:]
        set(value, at: path.dropFirst(), in: &inner)
        object[String(first)] = .object(inner)
    }
}
