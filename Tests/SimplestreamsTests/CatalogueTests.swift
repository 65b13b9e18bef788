import Failure
import ImageModel
import JSON
import Simplestreams
import Testing

@Suite struct CatalogueTests {
    // MARK: What is offered

    @Test func everyVersionsRootAndDiskAreImages() throws {
        let images = try Lists.catalogue(Lists.incus).images
        #expect(
            images.map { "\($0.name) \($0.version) \($0.kind) \($0.file.path.fileName)" } == [
                "debian/13/cloud 20250814_0524 root rootfs.squashfs",
                "debian/13/cloud 20250813_0524 root rootfs.tar.xz",
                "debian/13/cloud 20250813_0524 disk disk.qcow2", "debian/13 20250814_0524 root root.tar.xz",
            ])
    }

    @Test func tellsAllOfAnImage() throws {
        let image = try #require(Lists.catalogue(Lists.incus).find("debian/13/cloud", version: "20250813_05:24").last)
        #expect(image.kind == .disk)
        #expect(image.form == .disk)
        #expect("\(image.file.path)" == "images/debian/trixie/amd64/cloud/20250813_05:24/disk.qcow2")
        #expect(image.file.size == 300_000)
        #expect(image.file.sha256.hex == Lists.hash("6"))
        #expect(image.metadata?.size == 900)
        #expect(image.fingerprint?.hex == Lists.hash("3"))
        #expect(image.publishedAt == "2025-08-13T05:24:00Z")
        #expect(image.architecture == .amd64)
        #expect(image.os == .linux)
        #expect(image.description == "Debian 13 (trixie) cloud")
        #expect(image.supportEnds == "2030-06-30")
        #expect(image.uuid == ContentUUID.derive(.disk, files: [image.file.sha256]))
    }

    @Test func aManifestIsAValidOneButForTheSizeOfAVolume() throws {
        for image in try Lists.catalogue(Lists.incus).images + Lists.catalogue(Lists.ubuntu).images {
            var json = image.manifest.json
            json["files"] = nil  // there is no SHA-1
            if image.kind == .disk { json["image_size"] = 1 }
            #expect(throws: Never.self) { try ManifestValidation.check(json) }
            #expect(image.manifest.uuid == image.uuid)
            #expect(image.manifest.type == (image.kind == .disk ? "zvol" : "lx-dataset"))
        }
    }

    /// What decides between servers and hosts is the file alone.
    @Test func theSameFileIsTheSameImage() throws {
        let one = try Lists.catalogue(Lists.items(Lists.item("squashfs", "a"))).images[0]
        let other = try Lists.catalogue(
            Lists.products(
                #""b": {"arch": "x86_64", "versions": {"20200101": {"items": {\#(Lists.item("squashfs", "a"))}}}}"#)
        ).images[0]
        let disk = try Lists.catalogue(Lists.items(Lists.item("disk1.img", "a"))).images[0]
        #expect(one.uuid == other.uuid)
        #expect(one.uuid != disk.uuid)
    }

    @Test func anImageIsListedOnceThoughTwoProductsHaveIt() throws {
        let items = Lists.item("squashfs", "a")
        let catalogue = try Lists.catalogue(
            Lists.products(
                #"""
                "a": {"arch": "amd64", "aliases": "one", "versions": {"20200101": {"items": {\#(items)}}}},
                "b": {"arch": "amd64", "aliases": "two", "versions": {"20200101": {"items": {\#(items)}}}}
                """#))
        #expect(catalogue.images.map(\.name) == ["one"])
        #expect(catalogue.find("two").map(\.name) == ["two"])
    }

    // MARK: Choosing

    @Test(arguments: [
        ("debian/13/cloud", "7 "), ("debian/trixie/cloud", "7 "), ("DEBIAN/13/Cloud", "7 "), ("debian/13", "b"),
        ("debian/13/default", "b"), ("debian/trixie", "b"), ("debian/13/cloud/amd64", "7 "),
        ("debian/13/cloud/x86_64", "7 "), ("debian/13/cloud/arm64", ""), ("debian/12", ""), ("", ""), ("debian", ""),
        ("debian:trixie:amd64:cloud", "7 "),
    ])
    func findsByAlias(name: String, digit: String) throws {
        let found = try Lists.catalogue(Lists.incus).find(name).filter { $0.kind == .root }
        #expect(
            found.map { String($0.file.sha256.hex.prefix(1)) } == (digit.isEmpty ? [] : [digit.prefix(1).description]))
    }

    @Test(arguments: [
        ("24.04", "87"), ("noble", "87"), ("ubuntu/24.04", "87"), ("ubuntu/noble", "87"), ("lts", "87"),
        ("default", "87"),
        ("ubuntu/24.04 LTS", "87"), ("ubuntu/22.04", "a"), ("jammy", "a"), ("ubuntu/24.04/amd64", "87"),
        ("com.ubuntu.cloud:server:22.04:amd64", "a"), ("debian/24.04", ""),
    ])
    func findsByUbuntusAliases(name: String, digits: String) throws {
        let found = try Lists.catalogue(Lists.ubuntu).find(name)
        #expect(Set(found.map { $0.file.sha256.hex.prefix(1) }) == Set(digits.map { Substring(String($0)) }))
    }

    @Test func findsANamedVersion() throws {
        let catalogue = try Lists.catalogue(Lists.ubuntu)
        #expect(catalogue.find("ubuntu/24.04", version: "20250805").map(\.kind) == [.root, .disk])
        #expect(catalogue.find("ubuntu/24.04", version: "20240423").map(\.file.sha256.hex) == [Lists.hash("9")])
        #expect(catalogue.find("ubuntu/24.04", version: "20240424").isEmpty)
        #expect(try Lists.catalogue(Lists.incus).find("debian/13/cloud", version: "20250813_0524").count == 2)
    }

    @Test func otherArchitecturesAreThereIfAskedFor() throws {
        #expect(try Lists.catalogue(Lists.incus, of: .arm64).images.map(\.architecture) == [.arm64])
        let all = try Lists.catalogue(Lists.incus, of: nil)
        #expect(all.find("debian/13/cloud/arm64").map(\.architecture) == [.arm64])
        #expect(Catalogue.architecture(askedBy: "debian/13/aarch64") == .arm64)
        #expect(Catalogue.architecture(askedBy: "debian/13") == nil)
    }

    /// Two products of one alias: the newest image of each kind; a product's own alias before one that follows from fields.
    @Test func duplicateAliases() throws {
        func product(_ key: String, _ alias: String, _ version: String, _ digit: Character) -> String {
            """
            "\(key)": {"arch": "amd64", "os": "os", "version": "1", "aliases": "\(alias)", "versions": {"\(version)":
            {"items": {\(Lists.item("squashfs", digit))}}}}
            """
        }
        let catalogue = try Lists.catalogue(
            Lists.products(
                [
                    product("a", "x", "20200101", "1"), product("b", "x", "20210101", "2"),
                    product("c", "x", "20210101", "3"), product("d", "y,os/1", "20190101", "4"),
                ].joined(separator: ",")))
        #expect(catalogue.find("x").map(\.file.sha256.hex) == [Lists.hash("2")])
        #expect(catalogue.find("os/1").map(\.file.sha256.hex) == [Lists.hash("4")])
    }

    // MARK: Files

    @Test(
        arguments: [
            (["squashfs", "root.tar.xz"], ["root.tar.xz"]), (["root.tar.xz", "squashfs"], ["root.tar.xz"]),
            (["uefi1.img", "disk1.img"], ["disk1.img"]), (["disk1.img", "disk-kvm.img"], ["disk-kvm.img"]),
            (["incus_combined.tar.gz"], ["incus_combined.tar.gz"]),
            (["lxd_combined.tar.gz"], ["incus_combined.tar.gz"]),
            (["incus_combined.tar.gz", "squashfs"], ["squashfs"]), (["incus.tar.xz"], []),
            (["manifest", "ova", "vmdk"], []),
            (["squashfs.vcdiff", "disk-kvm.img.vcdiff"], []),
        ] as [([String], [String])])
    func takesTheBestFile(offered: [String], taken: [String]) throws {
        let images = try Lists.catalogue(Lists.items(offered.map { Lists.item($0) }.joined(separator: ","))).images
        #expect(images.map(\.form.rawValue) == taken)
    }

    @Test func aCombinedFileMayBeADisk() throws {
        let item = Lists.item("incus_combined.tar.gz", more: #", "combined_type": "virtual-machine""#)
        let image = try #require(Lists.catalogue(Lists.items(item)).images.first)
        #expect(image.kind == .disk)
        #expect(image.fingerprint == image.file.sha256)
    }

    @Test func anItemWithoutATypeIsWhatItIsCalled() throws {
        let item = #""root.tar.xz": {"path": "a", "size": 1, "sha256": "\#(Lists.hash("a"))"}"#
        #expect(try Lists.catalogue(Lists.items(item)).images.count == 1)
    }
}
