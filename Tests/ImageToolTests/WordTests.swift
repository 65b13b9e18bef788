import Compression
import Failure
import ImageModel
import ImageTool
import Testing

/// What words on the command line are taken for.
@Suite struct WordTests {
    static let formats: [(name: String, kind: ExportFormat.Kind, compression: CompressionFormat)] = [
        ("disk.qcow2", .qcow2, .none), ("DISK.QCOW2", .qcow2, .none), ("a.img", .raw, .none), ("raw", .raw, .none),
        ("raw.gz", .raw, .gzip), ("a.raw.zst", .raw, .zstd), ("web-1.0.0.zvol.gz", .zfs, .gzip),
        ("zfs.xz", .zfs, .xz), ("root.tar", .tar, .none), ("root.tar.bz2", .tar, .bzip2),
    ]

    /// The flat extent of a VMDK is a raw disk, where that is what is asked for.
    @Test func aFlatExtentIsWrittenIfItIsAskedFor() throws {
        #expect(try ExportFormat(ofFile: "x-flat.vmdk", stated: "raw").kind == .raw)
        for (name, stated) in [("x-flat.vmdk", nil), ("x-flat.vmdk", "qcow2"), ("x.vmdk", "raw")] as [(String, String?)]
        {
            #expect(throws: Failure.self) { try ExportFormat(ofFile: name, stated: stated) }
        }
    }

    @Test(arguments: formats) func theNameTellsTheFormat(
        name: String, kind: ExportFormat.Kind, compression: CompressionFormat
    ) throws {
        let format = try ExportFormat(name)
        #expect(format.kind == kind && format.compression == compression)
    }

    @Test(arguments: ["", "gz", "disk", "disk.qcow2.gz", "disk.vmdk", ".tar.", "qcow"])
    func whatTellsNoneIsRefused(name: String) {
        #expect(throws: Failure.self) { try ExportFormat(name) }
    }

    /// An option does not make a disk of one format be called like one of another.
    @Test(arguments: ["a.vmdk", "A.VHDX", "a.b.vhd", "a.vdi", "a.raw", "a.qcow2.gz"])
    func aNameOfAnotherFormatIsRefused(name: String) {
        #expect(throws: Failure.self) { try ExportFormat(ofFile: name, stated: "qcow2") }
    }

    @Test(arguments: ["disk", "vmdk", "disk.of-web"]) func aNameThatTellsNoneTakesTheOption(name: String) throws {
        #expect(try ExportFormat(ofFile: name, stated: "qcow2").kind == .qcow2)
    }

    @Test func everyNameOfAFormatIsOne() throws {
        for name in ExportFormat.names { _ = try ExportFormat(name) }
    }

    static let words: [(word: String, isFile: Bool)] = [
        ("-", true), ("./web", true), ("../web", true), ("/web", true), ("nosuch.qcow2", true), ("a.TAR.XZ", true),
        ("web-1.0.0.zfs.gz", true), ("web.imgmanifest", true), ("disk.raw.zst", true), ("a.squashfs", true),
        ("web", false), ("web@1.0", false), ("debian/13/cloud", false), ("debian:12", false), ("a.gz", false),
        ("5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c001", false), ("tar", false),
    ]

    @Test(arguments: words) func aFileIsMeantByHowItIsCalled(word: String, isFile: Bool) throws {
        #expect(try FileName.isMeant(by: word) == isFile)
    }

    static let sizes: [(Int64, String)] = [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1_048_524, "1023.9 KiB"),
        (1_048_525, "1.0 MiB"), (.max, "8.0 EiB"),
    ]

    @Test(arguments: sizes) func bytesForPeople(bytes: Int64, text: String) {
        #expect(ByteCount.text(bytes) == text)
    }
}
