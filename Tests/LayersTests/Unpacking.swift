import Glibc
import Layers
import Tar
import TestArchives

/// A folder of the test's own with a root to unpack into, and beside it what must never change.
final class Ground {
    let path: String
    var root: String { path + "/root" }

    init() {
        let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/imgadmtest-layers.XXXXXX".utf8) + [0]
        template.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { _ = $0.baseAddress.map { mkdtemp($0) } }
        }
        path = String(decoding: template.dropLast(), as: UTF8.self)
        run("mkdir root outside && printf secret > outside/file && chmod 700 outside && ln -s file outside/link")
    }

    deinit { run("chmod -R u+rwx . 2>/dev/null; cd / && rm -rf '\(path)'") }

    /// - Returns: what the command printed.
    @discardableResult
    func run(_ command: String) -> String {
        guard let stream = popen("cd '\(path)' && { \(command)\n}", "r") else { return "" }
        defer { pclose(stream) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&chunk, 1, chunk.count, stream)
            if count == 0 { return String(decoding: text, as: UTF8.self) }
            text += chunk[..<count]
        }
    }

    /// Everything there is to see of a folder, a line an entry. The times of folders that nobody set are not compared.
    func tree(_ folder: String = "root") -> [String] {
        let format = "%y %m %U %G %s %T@ %p -> %l\\n"
        let lines = run(
            "cd \(folder) && find . -type d -printf '%y %m %U %G %p\\n' -o -printf '\(format)'; find . -type f -exec md5sum {} +; find . \\( -type b -o -type c \\) -exec stat -c '%t %T %n' {} +; find . -type f -links +1 -printf '%n %p\\n'; getfattr -R -d -h -m - . 2>/dev/null"
        )
        return lines.split(separator: "\n").map(String.init).sorted()
    }

    var outside: String {
        run("ls -lAni --time-style=full-iso outside; stat -c %a outside; cat outside/file; ls | sort")
    }

    /// Unpacks layers, each on top of the one before, as the store does it: anew where whiteouts come late.
    ///
    /// - Returns: what went wrong, and how often a layer had to be begun anew.
    func unpack(_ layers: [UInt8]..., limits: TarLimits = TarLimits()) -> (error: (any Error)?, restarts: Int) {
        var restarts = 0
        do {
            for (place, layer) in layers.enumerated() {
                let backup = "below\(place)"
                run("cp -a root \(backup)")
                do {
                    let extractor = try LayerExtractor(root: root, hasLower: place > 0)
                    try read(layer, extractor, limits)
                    try extractor.finish()
                } catch is WhiteoutOrder {
                    restarts += 1
                    run("rm -rf root && cp -a \(backup) root")
                    let whiteouts = try read(layer, WhiteoutScan(), limits)
                    let extractor = try LayerExtractor(root: root, hasLower: true, whiteouts: whiteouts)
                    try read(layer, extractor, limits)
                    try extractor.finish()
                }
                run("rm -rf \(backup)")
            }
            return (nil, restarts)
        } catch {
            run("rm -rf below*")
            return (error, restarts)
        }
    }

    /// Unpacks one more layer, in the order in which it is written.
    func add(_ layer: [UInt8]) throws {
        let extractor = try LayerExtractor(root: root, hasLower: true)
        try read(layer, extractor, TarLimits())
        try extractor.finish()
    }

    @discardableResult
    private func read<Visitor: TarVisitor>(
        _ archive: [UInt8], _ visitor: Visitor, _ limits: TarLimits
    ) throws -> Visitor {
        var reader = TarReader(limits: limits)
        var visitor = visitor
        try reader.feed(archive.span.bytes, to: &visitor)
        try reader.finish(to: &visitor)
        return visitor
    }
}

func folder(_ name: String, mode: Int = 0o755) -> [UInt8] { Header(name, type: "5", mode: mode, modified: 1000).sealed }
func symlink(_ name: String, _ target: String) -> [UInt8] { Header(name, type: "2", link: target).sealed }
func hardlink(_ name: String, _ target: String) -> [UInt8] { Header(name, type: "1", link: target).sealed }
