@testable import ImageModel

/// What must hold of any text: it is a reference, a digest or a platform, or is refused; and what is shown of one leads to
/// the same one again. Nothing of a reference could be taken for an option or a path.
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
    if let bytes = Base64.bytes(text) { precondition(Base64.bytes(Base64.text(bytes)) == bytes) }
    return 0
}
