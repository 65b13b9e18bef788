import Failure
import ImageModel
import ImageStore
import JSON
import VirtualMachines

/// The manifest of an image that is to be made of a VM (create.md, "The manifest").
struct CreateManifest {
    private(set) var json: JSONObject

    /// Fields that an image has from the one its VM was made of.
    private static let inherited = [
        "type", "os", "requirements", "users", "billing_tags", "traits", "generate_passwords", "inherited_directories",
        "nic_driver", "disk_driver", "cpu_type", "image_size",
    ]

    /// - Parameters:
    ///   - origin: the image that the VM was made of, if it is installed.
    ///   - volumeSize: bytes of the volume that the VM's disk is; nil of a file system.
    ///   - platform: the host's, if it is SmartOS.
    init(
        _ request: CreateRequest, _ machine: Machine, origin: InstalledImage?, volumeSize: UInt64?, platform: Platform?
    ) {
        var json: JSONObject = ["v": 2, "uuid": .string(ImageUUID().description)]
        for (key, value) in request.manifest { json[key] = value }
        for (path, value) in request.fields {
            ManifestFields.set(value, at: path, in: &json)
        }
        let given = json
        for field in CreateManifest.inherited {
            guard let value = origin?.manifest.json[field], given[field] == nil, value.arrayValue?.isEmpty != true
            else {
                continue
            }
            // A VM of layers is a file system of Linux; layers themselves are archives, which are not made of datasets.
            json[field] = field == "type" && value == ImageType.docker.json ? ImageType.lxDataset.json : value
        }
        if let volumeSize {
            if json["type"] == nil { json["type"] = ImageType.zvol.json }
            // The volume may have grown since it was made of its origin.
            if json["type"] == ImageType.zvol.json, given["image_size"] == nil {
                json["image_size"] = ImageDraft.imageSize(volumeSize)
            }
        }
        self.json = json
        let explicit = given["requirements"]?.objectValue ?? [:]
        switch machine.brand {
        case "joyent", "joyent-minimal":
            if let platform, explicit["min_platform"] == nil {
                require("min_platform", .object([platform.version: .string(platform.stamp)]))
            }
        case "bhyve", "lx", "kvm":
            if explicit["brand"] == nil { require("brand", .string(machine.brand)) }
            if machine.brand == "bhyve", let bootrom = machine.bootrom, explicit["bootrom"] == nil {
                require("bootrom", .string(bootrom))
            }
        default: break
        }
        dropEmptyRequirements(explicit)
        if request.isIncremental, let origin { self.json["origin"] = .string(origin.uuid.description) }
    }

    /// What to type for a field that is missing, in the order of manifests.
    private static let examples = [
        ("name", "web"), ("version", "1.0.0"), ("type", "lx-dataset"), ("os", "linux"), ("nic_driver", "virtio"),
        ("disk_driver", "virtio"), ("cpu_type", "host"),
    ]

    /// - Parameters:
    ///   - hasOrigin: there is an image that fields were inherited from.
    ///   - isIncremental: only what is different from that is in the file.
    ///   - volumeSize: bytes of the volume; nil of a file system.
    /// - Throws: `ManifestValidation`, with what to give.
    static func check(
        _ json: JSONObject, hasOrigin: Bool, isIncremental: Bool, volumeSize: UInt64?
    ) throws(Failure) {
        guard isIncremental || json["origin"] == nil else {
            throw Failure(
                .manifestValidation, "invalid manifest: it has an origin, but the image is a whole one",
                hint: "-i makes an incremental image; without it, leave the field out")
        }
        do {
            try ManifestValidation.check(json)
        } catch let failure {
            let missing = missing(in: json).joined(separator: " ")
            let origin = hasOrigin ? "" : "there is no origin image to inherit from: "
            throw Failure(
                failure.code, failure.message, cause: failure.cause,
                hint: failure.hint ?? (missing.isEmpty ? nil : "\(origin)give what is missing, as \(missing)"))
        }
        guard let volumeSize, json["type"] == ImageType.zvol.json else { return }
        try ImageDraft.checkImageSize(in: json, ofDisk: volumeSize)
    }

    /// What to type for the fields that are missing.
    static func missing(in json: JSONObject) -> [String] {
        examples.prefix(json["type"] == ImageType.zvol.json ? examples.count : 4)
            .filter { json[$0.0] == nil }.map { "\($0.0)=\($0.1)" }
    }

    private mutating func require(_ name: String, _ value: JSONValue) {
        var requirements = json["requirements"]?.objectValue ?? [:]
        requirements[name] = value
        json["requirements"] = .object(requirements)
    }

    /// Who gives a requirement as empty wants it left out.
    private mutating func dropEmptyRequirements(_ explicit: JSONObject) {
        guard var requirements = json["requirements"]?.objectValue else { return }
        for (name, value) in explicit where value == "" || value == .null || value.objectValue?.isEmpty == true {
            requirements[name] = nil
        }
        json["requirements"] = requirements.isEmpty ? nil : .object(requirements)
    }
}
