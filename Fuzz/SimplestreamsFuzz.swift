@testable import ImageModel
@testable import JSON
@testable import Simplestreams

/// What must hold of any bytes: they are a list, or refused; what is offered of a list stands in a valid manifest, is found
/// by its name, and lies below the server's URL.
///
/// Memory: 160 MiB: lists take no more than a fixed number of bytes for each of their text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSimplestreams(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let index = try? StreamsIndex(bytes) {
        for path in index.files { check(path) }
        precondition(index.remarks.texts.count <= index.remarks.count)
    }
    var catalogue = Catalogue(of: bytes.count % 2 == 0 ? .amd64 : nil)
    guard (try? catalogue.add(bytes, name: "list")) != nil else { return 0 }
    let images = catalogue.images
    precondition(Set(images.map(\.uuid)).count == images.count)
    for image in images {
        check(image.file.path)
        if let metadata = image.metadata { check(metadata.path) }
        var json = image.manifest.json
        json["files"] = nil
        if image.kind == .disk { json["image_size"] = 1 }
        let violations = ManifestValidation.validate(json)
        precondition(violations.isEmpty, "\(violations)")
        let found = catalogue.find(image.product, version: image.serial)
        precondition(found.contains { $0.kind == image.kind }, image.product)
    }
    return 0
}

private func check(_ path: ServerPath) {
    let text = path.description
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    precondition(parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." } && !parts[0].contains(":"), text)
    precondition(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"?#\\\"<>".utf8.contains($0) }, text)
}
