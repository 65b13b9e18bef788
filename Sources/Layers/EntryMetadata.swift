import Glibc
import SystemPackage
import Tar

/// Owner, mode, times and extended attributes of an entry, made so only where they are not so already.
struct EntryMetadata {
    /// The entry's, for errors.
    let path: [UInt8]
    /// `UInt32.max`: as it is; the group likewise.
    let owner: UInt32
    let group: UInt32
    /// The low 12 bits of the mode.
    let mode: UInt32
    let modified: timespec
    let attributes: [ExtendedAttribute]

    init(_ entry: TarEntry) {
        path = entry.path
        owner = entry.uid
        group = entry.gid
        mode = entry.mode
        modified = timespec(entry.modified)
        attributes = entry.extendedAttributes.map { ExtendedAttribute(name: $0.name, value: $0.value) }
    }

    /// Owner, mode and attributes of an open file or folder that is now as `status` says. A change of owner takes set-ID bits and
    /// capabilities of a file away, and of a folder not (chown(2)), so the mode comes after it whatever it was, and the attributes last.
    func apply(to descriptor: CInt, now status: FileStatus, _ state: LayerState) throws {
        let isAnothers = changesOwner(of: status)
        if isAnothers { try namingOwner { fchown(descriptor, owner, group) } }
        if isAnothers || status.mode != mode { try checked { fchmod(descriptor, mode_t(mode)) } }
        try setAttributes(state) { attribute throws(Errno) in try attribute.set(on: descriptor) }
    }

    /// Not every file system has all of the 2^32 owners: userspace ZFS refuses those from 2^31 on.
    private func namingOwner(_ call: () -> CInt) throws {
        do {
            try checked(call)
        } catch {
            let ids: [String?] = [owner == .max ? nil : "owner \(owner)", group == .max ? nil : "group \(group)"]
            let why = error == .invalidArgument ? ", which the file system does not take" : ""
            throw EntryError(path, error, "its \(ids.compactMap(\.self).joined(separator: " and "))\(why)")
        }
    }

    private func changesOwner(of status: FileStatus) -> Bool {
        owner != .max && status.owner != owner || group != .max && status.group != group
    }

    private func setAttributes(_ state: LayerState, by set: (ExtendedAttribute) throws(Errno) -> Bool) throws {
        for attribute in attributes {
            do {
                if try !set(attribute) { state.lostAttributes += 1 }
            } catch {
                throw EntryError(path, error, "its attribute \"\(attribute.name.shown)\"")
            }
        }
    }

    /// The same for what cannot be opened: a link (which has no mode), a device, a fifo.
    func apply(to name: EntryName, in folder: FolderHandle, now status: FileStatus, _ state: LayerState) throws {
        if changesOwner(of: status) {
            try namingOwner {
                unsafe name.withCString {
                    unsafe fchownat(folder.descriptor, $0, owner, group, AT_SYMLINK_NOFOLLOW)
                }
            }
        }
        if status.kind != .symbolicLink {
            // The name was made a moment ago and nobody else works here: it is no link.
            try checked { unsafe name.withCString { unsafe fchmodat(folder.descriptor, $0, mode_t(mode), 0) } }
        }
        try setAttributes(state) { attribute throws(Errno) in try attribute.set(on: name, in: folder) }
        let isCut = try unsafe EntryTime.set(modified, of: path) { times in
            unsafe name.withCString { unsafe utimensat(folder.descriptor, $0, times, AT_SYMLINK_NOFOLLOW) }
        }
        if isCut { state.cutTimes += 1 }
    }

    /// Sets the time of an open file.
    func setTime(of descriptor: CInt, _ state: LayerState) throws {
        let isCut = try unsafe EntryTime.set(modified, of: path) { unsafe futimens(descriptor, $0) }
        if isCut { state.cutTimes += 1 }
    }
}

/// Sets times, each as near as the file system has it.
enum EntryTime {
    /// The ends of what file systems have, farthest first: those of 32 bits, without and with a sign.
    private static let latest = [Int(UInt32.max), Int(Int32.max)]
    private static let earliest = [Int(Int32.min), 0]

    /// - Parameters:
    ///   - path: of the entry, for errors.
    ///   - call: the system call; it takes the times of access and change.
    /// - Returns: whether the time had to be cut.
    static func set(
        _ time: timespec, of path: [UInt8], by call: (UnsafePointer<timespec>?) -> CInt
    ) throws -> Bool {
        var isCut = false
        var bounds = (time.tv_sec < 0 ? earliest.drop { $0 <= time.tv_sec } : latest.drop { $0 >= time.tv_sec })
        var now = time
        while true {
            do {
                try checked { unsafe [now, now].withUnsafeBufferPointer { unsafe call($0.baseAddress) } }
                return isCut
            } catch {
                // Linux cuts times itself where it knows what the file system has; of others, one says EOVERFLOW.
                guard error.rawValue == EOVERFLOW || error == .invalidArgument, let bound = bounds.popFirst() else {
                    throw EntryError(path, error, "its time, \(time.tv_sec) seconds after 1970")
                }
                now = timespec(tv_sec: bound, tv_nsec: 0)
                isCut = true
            }
        }
    }
}

extension timespec {
    init(_ time: TarTime) { self.init(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds)) }
}
