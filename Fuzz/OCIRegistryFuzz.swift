import ImageModel
import JSON
@testable import OCIRegistry

/// What must hold of any bytes: as a `WWW-Authenticate` field they give schemes and names in lower case; as a manifest they
/// are an image, an index, or refused.
///
/// Memory: 256 MiB: manifests take no more than a fixed number of bytes for each of their text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRegistry(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let challenges = AuthenticateChallenge.read(String(decoding: bytes, as: UTF8.self))
    for challenge in challenges {
        precondition(!challenge.scheme.isEmpty && challenge.scheme == challenge.scheme.lowercased())
        precondition(challenge.parameters.keys.allSatisfy { !$0.isEmpty && $0 == $0.lowercased() })
    }
    // What was read is read again from how it would be written.
    for challenge in challenges where challenge.parameters.values.allSatisfy({ !$0.contains("\u{fffd}") }) {
        let text = challenge.parameters.map { name, value in
            var quoted = ""
            for scalar in value.unicodeScalars {
                if scalar == "\"" || scalar == "\\" { quoted += "\\" }
                quoted.unicodeScalars.append(scalar)
            }
            return "\(name)=\"\(quoted)\""
        }
        let field = "\(challenge.scheme) \(text.joined(separator: ", "))"
        precondition(field.utf8.count > 16 << 10 || AuthenticateChallenge.read(field) == [challenge], field)
    }
    guard let json = try? JSONValue(parsing: bytes) else { return 0 }
    _ = SchemaOne.payload(bytes, json)
    if let manifest = try? RegistryManifest(json, contentType: nil, limits: RegistryLimits(layers: 5)) {
        switch manifest {
        case .image(_, let layers), .schema1(_, let layers): precondition(layers.count <= 5)
        case .index(let entries): _ = try? IndexEntry.choose(entries, for: .host)
        }
    }
    _ = try? ImageConfig(json)
    // An artifact that was read is written and read again as the same.
    if let artifact = try? ArtifactManifest(content: bytes, what: "a manifest") {
        let again = try? ArtifactManifest(content: artifact.content, what: "a manifest")
        precondition(again == artifact, "\(artifact)")
    }
    return 0
}
