import Failure
import ImageModel
import ImageStore
import JSON

/// A word on the command line where an installed image is named (imgadm.8, "NAMES OF IMAGES"): of what it may be, what comes first
/// counts.
struct InstalledWord {
    let text: String
    /// `NAME` or `NAME@VERSION`.
    let name: ImageName?
    /// What docker calls an image.
    let reference: DockerReference?
    /// The first digits of a UUID, or of what `list --docker` shows as the id of an image.
    let digits: String?

    init(_ text: String) {
        self.text = text
        func without(_ prefix: String) -> String? {
            text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
        }
        if let bare = without("imgapi:") {
            (name, reference, digits) = (ImageName(bare), nil, nil)
        } else if let bare = without("docker:"), let reference = InstalledWord.reference(bare) {
            (name, self.reference, digits) = (nil, reference, nil)
        } else {
            name = ImageName(text)
            reference = InstalledWord.reference(text)
            digits = UUIDBeginning(typed: without("sha256:") ?? text, atLeast: 4)?.digits
        }
    }

    // Why it is no reference is of no interest: it is no name then.
    private static func reference(_ text: String) -> DockerReference? { try? DockerReference(text) }

    /// It may name something.
    var isName: Bool { name != nil || reference != nil || digits != nil }

    /// - Parameter images: those of one pool, or of all.
    /// - Returns: nil if it names none of them.
    /// - Throws: `AmbiguousName`.
    func find(among images: [InstalledImage]) throws(Failure) -> InstalledName? {
        if let name {
            let manifests = images.map(\.manifest)
            // Another image may have the name of one as an alias, as another server sees it.
            for fits in [name.fits, name.isAlias] {
                let named = manifests.filter(fits)
                if let image = try ImageTool.choose(named, called: text, isLatest: name.version == "latest") {
                    return InstalledName(uuid: image.uuid, reference: nil)
                }
            }
        }
        if let reference {
            let called = images.filter { $0.isCalled(reference) }.map(\.manifest)
            if let image = try ImageTool.choose(called, called: text, isLatest: false) {
                return InstalledName(uuid: image.uuid, reference: reference)
            }
        }
        let begun = images.filter(beginsWith).map(\.manifest)
        return try ImageTool.choose(begun, called: text, isLatest: false)
            .map { InstalledName(uuid: $0.uuid, reference: nil) }
    }

    /// It names an image, if perhaps not alone.
    func fits(_ image: InstalledImage) -> Bool {
        name.map { $0.fits(image.manifest) || $0.isAlias(of: image.manifest) } ?? false
            || reference.map(image.isCalled) ?? false || beginsWith(image)
    }

    private func beginsWith(_ image: InstalledImage) -> Bool {
        guard let digits else { return false }
        if image.uuid.description.hasPrefix(digits) { return true }
        // A layer may be part of many images, and is shown as the id of those that it is the top of.
        guard digits.utf8.count >= 12, !image.references.isEmpty else { return false }
        return image.manifest.tags["docker:id"]?.stringValue?.split(separator: ":").last?.hasPrefix(digits) ?? false
    }
}
