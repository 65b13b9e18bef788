public import Host

extension MountTable.Mount {
    /// A dataset is mounted there. What a user has mounted by FUSE may call itself as he likes; zfs-fuse mounts as root.
    public func isOf(_ name: DatasetName) -> Bool {
        guard source == name.description else { return false }
        return type == "zfs" || (type == "fuse.zfs" && options.contains("user_id=0"))
    }
}
