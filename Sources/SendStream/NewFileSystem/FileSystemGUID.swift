import Crypto

extension SnapshotGUID {
    /// The rule for file systems:
    ///
    ///     guid = the first 8 bytes of SHA-256 of: "imgadm file system snapshot 1" and a NUL, and for each file, in the order of
    ///            their objects: the object's number (8 bytes), its attributes (znode_phys_t, with a short link's target),
    ///            SHA-256 of its content;
    ///            1, should that be 0
    ///     content of a directory: for each name, in the order of their bytes: its length (8 bytes), the name, what ZFS keeps
    ///            beside it (8 bytes: object and kind)
    ///     content of anything else: as that of a volume; empty, if there is none
    ///
    /// It depends on the order of files, as the stream does. What it is made of is known before the stream's first byte.
    static func derive(_ draft: FileSystemDraft, _ plan: ObjectPlan) throws -> UInt64 {
        var hash = SHA256()
        hash.add(Array("imgadm file system snapshot 1\0".utf8))
        for node in plan.others + plan.files {
            for object in plan.objects(of: node, draft) {
                hash.add(object.number.littleEndianBytes)
                hash.add(object.znode.bytes)
                hash.add(try digest(object) ?? draft.nodes[node]?.digest ?? [])
            }
        }
        let guid: UInt64 = Array(hash.finalize())[..<8].number(isLittleEndian: true)
        return max(guid, 1)
    }

    /// Nil: of a file whose content comes later.
    private static func digest(_ object: NewObject) throws -> [UInt8]? {
        if let names = object.names {
            var hash = SHA256()
            for entry in names.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
                hash.add(UInt64(entry.name.count).littleEndianBytes)
                hash.add(entry.name)
                hash.add(entry.value.littleEndianBytes)
            }
            return Array(hash.finalize())
        }
        guard let data = object.data else { return nil }
        var digest = SparseDigest()
        try unsafe digest.add(data.span.bytes, at: 0)
        return digest.finalize()
    }
}

extension SHA256 {
    fileprivate mutating func add(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update(bufferPointer: $0) }
    }
}
