/// Reads attributes and names of stored objects.
struct AttributeReader {
    typealias Entry = (name: ArraySlice<UInt8>, object: UInt64)

    let objects: [UInt64: StoredObject]
    private var system: SystemAttributes?

    init(objects: [UInt64: StoredObject]) { self.objects = objects }

    /// Reads which attributes there are, of a file system of version 5.
    mutating func prepare(_ number: UInt64) throws(UnplacedStreamError) {
        let what = "the list of attributes"
        guard let list = objects[number]?.names, let registry = try list.value("REGISTRY", what),
            let layouts = try list.value("LAYOUTS", what), let registered = objects[registry]?.names,
            let laidOut = objects[layouts]?.names
        else { throw UnplacedStreamError(.badRecord, "a file system does not say what its attributes are") }
        system = try SystemAttributes(registry: registered, layouts: laidOut)
    }

    func attributes(of number: UInt64) throws(UnplacedStreamError) -> FileAttributes {
        guard let object = objects[number] else {
            throw UnplacedStreamError(.badRecord, "a name leads to object \(number), which is not there")
        }
        var raw = FileAttributes.Raw()
        switch object.bonusType {
        case ZnodeAttributes.bonusType:
            raw = try ZnodeAttributes.read(
                object.bonus.bytes, isLittleEndian: object.bonus.isLittleEndian, linkData: object.linkData,
                isLeftOut: object.redacted.reachBelow(1))
        case SystemAttributes.bonusType:
            guard let system else {
                throw UnplacedStreamError(.badRecord, "a file system does not say what its attributes are")
            }
            for place in [object.bonus, object.spill] {
                guard let place else { continue }
                try system.read(place.bytes, isLittleEndian: place.isLittleEndian, into: &raw)
            }
        case let other: throw UnplacedStreamError(.badRecord, "object \(number) has attributes of type \(other)")
        }
        let attributes = try FileAttributes(raw)
        let isDirectory = object.type == StoredObject.directoryType
        guard isDirectory == (attributes.kind == .directory), isDirectory || object.type == StoredObject.fileType else {
            throw UnplacedStreamError(.badRecord, "object \(number) of type \(object.type) is not what its mode says")
        }
        return attributes
    }

    /// What is in a directory, by names, descending.
    func entries(of number: UInt64) throws(UnplacedStreamError) -> [Entry] {
        guard let object = objects[number], object.type == StoredObject.directoryType, let names = object.names else {
            throw UnplacedStreamError(.badRecord, "object \(number) is no directory")
        }
        var entries: [Entry] = []
        try names.forEach("directory \(number)") { entry throws(UnplacedStreamError) in
            guard let value = entry.values.first else {
                throw UnplacedStreamError(.badRecord, "a name in directory \(number) leads nowhere")
            }
            guard Self.isName(entry.name) else {
                throw UnplacedStreamError(.badRecord, "directory \(number) has a name that is none")
            }
            // Above the number, what kind of file it is (`ZFS_DIRENT_OBJ`).
            entries.append((entry.name, value & (1 << 48 - 1)))
        }
        entries.sort { $1.name.lexicographicallyPrecedes($0.name) }
        for (one, other) in zip(entries, entries.dropFirst()) where one.name.elementsEqual(other.name) {
            throw UnplacedStreamError(.badRecord, "directory \(number) has a name twice")
        }
        return entries
    }

    private static func isName(_ name: ArraySlice<UInt8>) -> Bool {
        !name.isEmpty && !name.contains(0) && !name.contains(UInt8(ascii: "/")) && !name.elementsEqual(".".utf8)
            && !name.elementsEqual("..".utf8)
    }
}
