import JSON

extension ManifestCheck {
    /// What a file may be compressed with.
    private static let compressions = ["gzip", "bzip2", "xz", "zstd", "none"]

    /// At most one file (two of an `lxd` image), each with its checksum, size and compression. Members that
    /// only servers use are let pass.
    mutating func files(_ value: JSONValue, _ field: String) {
        guard let files = value.arrayValue else { return invalid(field, "not an array") }
        let limit = manifest["type"] == ImageType.lxd.json ? 2 : 1
        require(files.count <= limit, field, "more than \(limit) file\(limit == 1 ? "" : "s")")
        // A hostile manifest may list a million of them; the rule above has said enough then.
        for (index, file) in files.prefix(limit).enumerated() { self.file(file, "\(field).\(index)") }
    }

    private mutating func file(_ value: JSONValue, _ field: String) {
        guard let file = value.objectValue else { return invalid(field, "not an object") }
        if let sha1 = file["sha1"] {
            require(!(sha1.stringValue ?? "").isEmpty, "\(field).sha1", "not a checksum")
        } else {
            missing("\(field).sha1")
        }
        if let size = file["size"] {
            require((size.lenientInt ?? -1) >= 0, "\(field).size", "not a size in bytes")
        } else {
            missing("\(field).size")
        }
        if let compression = file["compression"] {
            oneOf(Self.compressions, compression, "\(field).compression", "compression")
        } else {
            missing("\(field).compression")
        }
        for name in ["digest", "uncompressedDigest", "stor", "path"] {
            if let value = file[name] { require(value.stringValue != nil, "\(field).\(name)", "not a string") }
        }
        // What is passed over because its digits are wrong would be believed to hold.
        if let digest = file["digest"]?.stringValue?.lowercased(), ContentDigest.namesAlgorithm(digest) {
            require(ContentDigest(digest) != nil, "\(field).digest", "not a digest")
        }
        if let guid = file["dataset_guid"] {
            require(guid.stringValue != nil || guid.kind == .number, "\(field).dataset_guid", "not a ZFS guid")
        }
    }
}
