@testable import ImageModel

/// What must hold of any text: it is a reference, a digest or a platform, or is refused; and what is shown of one leads to
/// the same one again. Nothing of a reference could be taken for an option or a path.
///
/// Memory: 160 MiB: texts and lists take no more than a fixed number of bytes for each of the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzReferences(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    if let reference = try? DockerReference(text) {
        guard let again = try? DockerReference(reference.description) else {
            preconditionFailure("\(text) is shown as \(reference), which is none")
        }
        precondition(again.description == reference.description && again.host == reference.host)
        precondition(again.repository == reference.repository && again.target == reference.target)
        let parts = reference.repository.split(separator: "/", omittingEmptySubsequences: false)
        precondition(parts.allSatisfy { $0.first.map { $0.isLetter || $0.isNumber } ?? false }, reference.repository)
        let allowed = reference.description.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7f && !"\\\"'`$&|;<>*?(){}!#%^~,+=".utf8.contains(byte)
        }
        precondition(allowed, reference.description)
    }
    if let digest = ContentDigest(text) { precondition(digest.description == text) }
    if let platform = try? OCIPlatform(text) {
        precondition((try? OCIPlatform(platform.description)) == platform, "\(platform)")
        precondition(platform.accepts(platform))
    }
    checkFileName(text)
    checkLists(Array(UnsafeBufferPointer(start: start, count: count)))
    if let bytes = Base64.bytes(text) { precondition(Base64.bytes(Base64.text(bytes)) == bytes) }
    return 0
}

/// What a file's name or os-release tells may stand in a manifest, and in a table.
private func checkFileName(_ text: String) {
    func isFit(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 200 && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    }
    let told = ImageFileName(text)
    precondition(isFit(told.name) && told.version.map(isFit) ?? true && told.release.map(isFit) ?? true, "\(told)")
    if let system = OSRelease(Array(text.utf8)) {
        for told in [system.version, system.release] { precondition(told.map(isFit) ?? true, "\(system)") }
        precondition(system.name.map { $0.utf8.count <= 257 && isFit(String($0.prefix(200))) } ?? true, "\(system)")
    }
}

/// A list says at most one thing of each kind, and the same of a file's path with "./" before it.
private func checkLists(_ bytes: [UInt8]) {
    guard let list = try? ChecksumList(bytes, name: "list") else { return }
    for isItsOwn in [false, true] {
        guard let digests = try? list.digests(of: "a", isItsOwn: isItsOwn) else { continue }
        precondition(digests.count <= 2 && Set(digests.map(\.algorithm)).count == digests.count)
        let lines = digests.map { "\($0.hex) *./a\n" }.joined()
        precondition((try? ChecksumList(Array(lines.utf8), name: "again").digests(of: "a")) == digests)
    }
}
