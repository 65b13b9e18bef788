// ZFS
