import DiskImage
import TestHost
import Testing

/// Disks in OVAs.
@Suite struct ApplianceTests {
    @Test(
        "The checksums of an OVA hold, by whichever algorithm, and wherever its manifest is",
        arguments: ["SHA1", "SHA256", "SHA512"], ["d.ovf d.mf d.vmdk", "d.ovf d.vmdk d.mf"])
    func appliance(_ algorithm: String, order: String) async throws {
        let folder = Folder()
        defer { folder.remove() }
        let sum = "\(algorithm.lowercased())sum"
        try await Tool.shell(
            """
            cd \(folder.path); truncate -s 2M one.raw; seq 100000 | dd of=one.raw conv=notrunc status=none
            qemu-img convert -f raw -O vmdk -o subformat=streamOptimized one.raw d.vmdk
            echo '<Envelope/>' > d.ovf
            for f in d.ovf d.vmdk; do echo "\(algorithm)($f)= $(\(sum) $f | cut -d' ' -f1)"; done > d.mf
            tar --format=ustar -cf one.ova \(order)
            echo '<Other/>' > d.ovf; tar --format=ustar -cf two.ova \(order)
            """)
        var disk = try Comparison(with: "\(folder.path)/one.raw")
        try disk.finish(try DiskReader(try OpenFile("\(folder.path)/one.ova"), scratch: Room()).read(to: &disk))
        var other = try Comparison(with: "\(folder.path)/one.raw")
        let error = #expect(throws: DiskError.self) {
            _ = try DiskReader(try OpenFile("\(folder.path)/two.ova"), scratch: Room()).read(to: &other)
        }
        #expect(error?.reason == .badChecksum)
    }
}
