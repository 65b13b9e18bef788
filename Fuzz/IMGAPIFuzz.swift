@testable import IMGAPI
import ImageModel

/// What must hold of any bytes: they are a key, or refused; a key is known by the line that is made of it; and what is no signature is none.
///
/// Memory: 256 MiB: keys take no more than a fixed number of bytes for each of the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKeys(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    for line in text.split(whereSeparator: \.isNewline).prefix(20) {
        if let key = SSHPublicKey(line: line) { check(key) }
    }
    if let key = try? SSHPublicKey(blob: bytes) {
        precondition(key.blob == bytes)
        check(key)
    }
    switch try? OpenSSHKey(text) {
    case .locked(let key)?: check(key)
    case .open(let key)?: _ = key.algorithm
    case nil: break
    }
    if let key = SigningKey(pem: text) { _ = key.algorithm }
    // What a request says of its algorithm.
    if let algorithm = SignatureAlgorithm(named: text) { precondition(SignatureAlgorithm(named: text) == algorithm) }
    return 0
}

private func check(_ key: SSHPublicKey) {
    let again = SSHPublicKey(line: "\(key.type.rawValue) \(Base64.text(key.blob)) comment"[...])
    precondition(again?.blob == key.blob && again?.type == key.type)
    precondition(!key.isSignature([], of: [1, 2, 3], by: key.type.algorithm))
    // Of a key that somebody has made for it, it may be one.
    _ = key.isSignature(Array(key.blob.suffix(64)), of: [1, 2, 3], by: key.type.algorithm)
}
