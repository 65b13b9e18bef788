import CHost
import SystemPackage

/// An extended attribute, capabilities among them (xattr(7)).
struct ExtendedAttribute {
    /// With its name space, such as `security.capability`.
    let name: [UInt8]
    let value: [UInt8]

    /// Sets it on a file or folder.
    ///
    /// - Returns: false if the file system keeps no such attributes.
    func set(on descriptor: CInt) throws(Errno) -> Bool {
        return try unsafe set { name, value, count in unsafe chost_set_attribute(descriptor, name, value, count) }
    }

    /// On what cannot be opened: there is no call that takes a folder and a name.
    ///
    /// - Returns: false if there are no such attributes of such an entry.
    func set(on entry: EntryName, in folder: FolderHandle) throws(Errno) -> Bool {
        let path = Array("/proc/self/fd/\(folder.descriptor)/".utf8) + entry.bytes + [0]
        do {
            return try unsafe set { name, value, count in
                unsafe path.withUnsafeBytes { bytes in
                    unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                        guard let start = characters.baseAddress else { return -1 }
                        return unsafe chost_set_link_attribute(start, name, value, count)
                    }
                }
            }
        } catch {
            // Linux lets nobody give one of the user's to a link, device or fifo (xattr(7)).
            guard error == .notPermitted, name.starts(with: "user.".utf8) else { throw error }
            return false
        }
    }

    private func set(
        _ call: (UnsafePointer<CChar>, UnsafeRawPointer?, Int) -> CInt
    ) throws(Errno) -> Bool {
        let terminated = name + [0]
        let result = unsafe terminated.withUnsafeBytes { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe value.withUnsafeBytes { value -> CInt in
                    guard let start = characters.baseAddress else { return -1 }
                    return unsafe call(start, value.baseAddress, value.count)
                }
            }
        }
        if result == 0 { return true }
        let error = Errno.current
        guard error == .notSupported else { throw error }
        return false
    }

    /// Removes the attributes of a folder that a layer describes anew; those of the system's own are not the layer's.
    static func removeAll(from descriptor: CInt) throws(Errno) {
        let needed = chost_list_attributes(descriptor, nil, 0)
        guard needed >= 0 else {
            let error = Errno.current
            guard error == .notSupported else { throw error }
            return
        }
        guard needed > 0 else { return }
        var list = [CChar](repeating: 0, count: needed)
        let count = unsafe list.withUnsafeMutableBufferPointer {
            unsafe chost_list_attributes(descriptor, $0.baseAddress, $0.count)
        }
        guard count >= 0 else { throw Errno.current }
        for name in list[..<count].split(separator: 0) where !isSystems(name) {
            let terminated = Array(name) + [0]
            try checked {
                unsafe terminated.withUnsafeBufferPointer { characters in
                    guard let start = characters.baseAddress else { return -1 }
                    return unsafe chost_remove_attribute(descriptor, start)
                }
            }
        }
    }

    private static func isSystems(_ name: ArraySlice<CChar>) -> Bool {
        let text = name.map { UInt8(bitPattern: $0) }
        return text.starts(with: "system.".utf8) || text.elementsEqual("security.selinux".utf8)
    }
}
