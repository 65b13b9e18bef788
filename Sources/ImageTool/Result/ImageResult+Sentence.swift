import ImageModel
import ZFS

extension ImageResult {
    /// What people read of it (cli.md §3); nil where nothing is said.
    public var sentence: String? {
        switch action {
        case .present(.asked): "Image \(title) is already installed, skipping"
        case .present(.origin): "Image \(title) already installed\(layer.map { " (\($0))" } ?? "")"
        case .present(.meanwhile): "Image \(title) was imported while waiting on lock"
        case .present(.published): "Image \(title) is published on \(destination ?? "?") already"
        case .present(.pushed): "Image \(title) is \(destination ?? "?") already (\(digest ?? "?")), nothing to push"
        // What was asked for is told once, with all of its layers.
        case .imported where isPlanned && layer != nil && !isRequested: nil
        case .imported where isPlanned: "Imported image \(title): \(plan)"
        // What was asked for is told once, by its reference.
        case .imported where layer != nil && !isRequested: "Unpacked \(layer ?? "?")"
        case .imported: "Imported image \(title)"
        case .installed: "Installed image \(title)"
        case .adopted: "Adopted image \(title): it was there without a record, and is what the file makes"
        case .deleted: "Deleted image \(title)"
        case .untagged(let reference): "Untagged \(reference) of image \(title): \(reason ?? "?")"
        case .kept: "Kept image \(title): \(reason ?? "?")"
        case .described: "Added manifest info for image \(title) from \"\(source ?? "?")\""
        case .updated(let fields):
            "Updated \(fields.count) manifest field\(fields.count == 1 ? "" : "s") for image \(title) from \"\(source ?? "?")\": \(fields.joined(separator: ", "))\(renaming)"
        case .snapshotRenamed(let from, let to): "Renamed image \(title) original snapshot from \(from) to \(to)"
        case .exported: "Exported \(title) to \"\(destination ?? "?")\""
        case .published: "Successfully published image \(title) to \(destination ?? "?")"
        case .pushed: "Pushed image \(title) to \(destination ?? "?") (\(digest ?? "?"))"
        case .enabled: "Enabled image \(title)\(otherState("active"))"
        case .disabled: "Disabled image \(title)\(otherState("disabled"))"
        case .set(let fields): "Updated \(fields.joined(separator: ", ")) of image \(title)"
        case .addedToChannel(let channel): "Added image \(title) to channel \"\(channel)\""
        case .removedFromChannel(let channel): "Removed image \(title) from channel \"\(channel)\""
        case .notInChannel(let channel): "Image \(title) is not in channel \"\(channel)\", no change"
        case .deletedThere(let channel):
            "Deleted image \(title) from \(destination ?? "?")\(channel.map { ", channel \"\($0)\"" } ?? "")"
        // What was cleared is told piece by piece.
        case .cleared, .unchanged, .unknown, .created, .converted: nil
        }
    }

    /// Scripts and people name it otherwise from now on.
    private var renaming: String {
        guard let former, let manifest else { return "" }
        let changes = [("name", former.name, manifest.name), ("version", former.version, manifest.version)]
            .filter { $0.1 != $0.2 }.map { "\($0.0): \($0.1 ?? "-") -> \($0.2 ?? "-")" }
        return "; \(changes.joined(separator: ", "))"
    }

    /// One that was never activated is neither active nor disabled.
    private func otherState(_ meant: String) -> String {
        manifest?.state.map { $0 == meant ? "" : ", which is \($0)" } ?? ""
    }

    /// How large it is, where it would come from, and what its file would be held to.
    private var plan: String {
        let all = coming.map { $0.bytes } ?? bytes
        let layers = coming.map { " in \($0.layers) layer\($0.layers == 1 ? "" : "s")" } ?? ""
        return
            "\(all.map(ByteCount.text) ?? "unknown size")\(layers) from \"\(source ?? "?")\", \(checkText), no signature"
    }

    private var checkText: String {
        if let digest = check?.digest { return "checked by \(digest.algorithm.rawValue)" }
        if check?.sha1 != nil { return "checked by sha1" }
        return trustsMD5 ? "checked by Content-MD5, if the server states one" : "not checked"
    }
}
