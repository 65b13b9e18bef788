import Failure
import ImageCatalog
import ImageModel
import JSON
import RawBytes

/// How an image is had: the commands of its page.
struct ImageCommands {
    private let image: ServedImage
    private let url: String
    /// What follows an address, with its question mark; empty for none.
    private let query: String
    private let isPrivate: Bool
    private let compression: String?
    private let sha1: String?

    init(_ image: ServedImage, _ json: JSONValue, url: String, query: String, isPrivate: Bool) {
        self.image = image
        self.url = url
        self.query = query
        self.isPrivate = isPrivate
        let file = json["files"]?.arrayValue?.first
        compression = file?["compression"]?.stringValue
        sha1 = file?["sha1"]?.stringValue
    }

    var html: String {
        """
        <section><h2>Import</h2>\(PageFrame.command("imgadm import -S \(ShellWord.quoted(url + query))\(isPrivate ? " \(PageFrame.tokenOption)" : "") \(image.uuid)"))\
        \(isPrivate ? PageFrame.tokenNote : "")\(asDisk)</section>
        \(download)
        """
    }

    private var isDisk: Bool { image.imageType == .zvol }

    private var asDisk: String {
        guard isDisk else { return "" }
        return """
            <p>It is a disk. Once imported, imgadm writes it as one that other programs take:</p>\
            \(PageFrame.command("imgadm export -o \(baseName).qcow2 \(image.uuid)"))
            """
    }

    /// The file is what `zfs send` has made, also of a disk: its name says so.
    private var download: String {
        guard !image.files.isEmpty else { return "" }
        let file = "\(baseName).\(isDisk ? "zvol" : "zfs")\(suffix)"
        let manifest = "\(baseName).imgmanifest"
        let header = isPrivate ? "\(PageFrame.tokenHeader) " : ""
        func fetch(_ name: String, _ path: String) -> String {
            PageFrame.command(
                "curl -fL \(header)-o \(name) \(ShellWord.quoted("\(url)/images/\(image.uuid)\(path)\(query)"))")
        }
        let check = sha1.map { PageFrame.command("echo '\(HexadecimalText.only($0))  \(file)' | sha1sum -c") } ?? ""
        // Without what it builds on it is no disk.
        let isExportable = isDisk && image.origin == nil
        var use =
            isDisk
            ? "The file is a ZFS stream of the disk, which no hypervisor takes. It is installed with its manifest"
            : "The file is a ZFS stream, which is installed with its manifest"
        if image.origin != nil { use += ", after the image that it builds on" }
        if isExportable { use += ", or written as a disk on any host" }
        let export = isExportable ? PageFrame.command("imgadm export -o \(baseName).qcow2 ./\(file)") : ""
        return """
            <section><h2>Download</h2>\(fetch(file, "/file"))\(fetch(manifest, ""))\(check)<p>\(use):</p>\
            \(PageFrame.command("imgadm install -m \(manifest) -f \(file)"))\(export)</section>
            """
    }

    /// What its files are called: nothing in it needs to be quoted, or is taken for an option.
    private var baseName: String {
        let named = [image.name, image.version].compactMap(\.self).joined(separator: "-")
        let isPlain = named.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isPlain, let first = named.first, first.isLetter || first.isNumber, named.utf8.count <= 100 else {
            return image.uuid.description
        }
        return named
    }

    private var suffix: String {
        switch compression {
        case "gzip": ".gz"
        case "bzip2": ".bz2"
        case "xz": ".xz"
        case "zstd": ".zst"
        default: ""
        }
    }
}

/// Digits of a manifest, in which anything may stand.
private enum HexadecimalText {
    static func only(_ text: String) -> String { text.filter { $0.isASCII && $0.isHexDigit } }
}
