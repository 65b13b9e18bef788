public import JSON

/// A manifest gets another file than it came with.
extension Manifest {
    /// The file that it is of from now on. What it said of another goes, also where a tag says it.
    public mutating func setFile(_ description: JSONValue) {
        dropFileDigestTag()
        self["files"] = [description]
    }

    /// Takes the tag away that is of the file which the image had where it comes from.
    public mutating func dropFileDigestTag() {
        guard tags[Self.fileDigestTag] != nil else { return }
        var left = tags
        left[Self.fileDigestTag] = nil
        self["tags"] = left.isEmpty ? nil : .object(left)
    }
}
