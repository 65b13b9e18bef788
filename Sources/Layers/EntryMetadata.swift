import Glibc
import SystemPackage
import Tar

/// Owner, mode, times and extended attributes of an entry, made so only where they are not so already.
struct EntryMetadata {
    let owner: UInt32
    let group: UInt32
    /// The low 12 bits of the mode.
    let mode: UInt32
    let modified: timespec
    let attributes: [ExtendedAttribute]

    init(_ entry: TarEntry) {
        owner = entry.uid
        group = entry.gid
        mode = entry.mode
        modified = timespec(entry.modified)
        attributes = entry.extendedAttributes.map { ExtendedAttribute(name: $0.name, value: $0.value) }
    }

    /// Owner, mode and attributes of an open file or folder that is now as `status` says. A change of owner takes set-user-ID
    /// bits and capabilities away, so the mode comes after it, and the attributes last.
    func apply(to descriptor: CInt, now status: FileStatus, _ state: LayerState) throws(Errno) {
        var mode = status.mode
        if status.owner != owner || status.group != group {
            try checked { fchown(descriptor, owner, group) }
            mode &= 0o1777
        }
        if mode != self.mode { try checked { fchmod(descriptor, mode_t(self.mode)) } }
        for attribute in attributes where try !attribute.set(on: descriptor) { state.lostAttributes += 1 }
    }

    /// The same for what cannot be opened: a link (which has no mode), a device, a fifo.
    func apply(to name: EntryName, in folder: FolderHandle, now status: FileStatus, _ state: LayerState) throws(Errno) {
        if status.owner != owner || status.group != group {
            try checked {
                unsafe name.withCString {
                    unsafe fchownat(folder.descriptor, $0, owner, group, AT_SYMLINK_NOFOLLOW)
                }
            }
        }
        if status.kind != .symbolicLink {
            // The name was made a moment ago and nobody else works here: it is no link.
            try checked { unsafe name.withCString { unsafe fchmodat(folder.descriptor, $0, mode_t(mode), 0) } }
        }
        for attribute in attributes where try !attribute.set(on: name, in: folder) { state.lostAttributes += 1 }
        try checked {
            unsafe [modified, modified].withUnsafeBufferPointer { times in
                unsafe name.withCString { name in
                    unsafe utimensat(folder.descriptor, name, times.baseAddress, AT_SYMLINK_NOFOLLOW)
                }
            }
        }
    }

    /// Sets the time of an open file or folder.
    static func setTime(_ modified: timespec, of descriptor: CInt) throws(Errno) {
        try checked {
            unsafe [modified, modified].withUnsafeBufferPointer { unsafe futimens(descriptor, $0.baseAddress) }
        }
    }
}

extension timespec {
    init(_ time: TarTime) { self.init(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds)) }
}
