import Failure
import ImageModel
import ImageStore
public import ZFS

/// Deletion by what docker calls an image: of several names one goes, and with the last one the image, with those of its layers that
/// nothing else needs.
extension ImageTool {
    /// What a word names that is to be deleted: an installed image, or what a deletion by that word has left which was killed.
    ///
    /// - Throws: as ``named(_:in:)``.
    public func toDelete(_ text: String, in pool: PoolName) async throws -> InstalledName {
        do {
            return try await named(text, in: pool)
        } catch let missing as ImageNotInstalled {
            let word = InstalledWord(text)
            if let reference = word.reference, let begun = try await store.leaving(reference, in: pool).first {
                return InstalledName(uuid: begun, reference: reference)
            }
            guard let begun = try word.find(among: try await store.halfGone(in: pool)) else { throw missing }
            return begun
        }
    }

    /// Deletes what a docker reference leads to. What a run that was killed has begun is finished.
    ///
    /// - Throws: `ImageNotInstalled`, `ImageHasDependentClones`, and what ZFS says.
    func deleteDocker(_ name: InstalledName, in pool: PoolName, force: Bool, _ report: Report) async throws {
        guard let reference = name.reference else { return }
        let layers = try await origins(of: name.uuid, in: pool)
        switch try await deleteHead(name.uuid, reference, next: layers.first, in: pool, force: force, report) {
        case .stays: break
        case .gone: try await deleteLayers(layers, of: reference, in: pool, report)
        case .missing: try await finishDeletion(of: reference, in: pool, force: force, report)
        }
    }

    private enum HeadFate {
        case stays, gone
        /// There is no image of that reference.
        case missing
    }

    /// Takes a reference away from its image and, if it was the last, deletes that.
    ///
    /// - Parameter next: the layer below.
    private func deleteHead(
        _ uuid: ImageUUID, _ reference: DockerReference, next: InstalledImage?, in pool: PoolName, force: Bool,
        _ report: Report
    ) async throws -> HeadFate {
        let names = try await store.lockNames(in: pool) { report.waiting(for: uuid, $0) }
        defer { names.releaseNames() }
        let look = try await store.look(for: [uuid], in: pool)
        guard let image = look.images[uuid], image.isCalled(reference) else { return .missing }
        let called = reference.localDescription
        let others = try await store.references(of: image, without: reference)
        let isBuiltOn = others.isEmpty ? try await isBuiltOn(uuid, in: pool) : false
        if !others.isEmpty || isBuiltOn {
            try await store.untag(reference, of: uuid, in: pool) { report.waiting(for: uuid, $0) }
            let why = isBuiltOn ? "it stays as a layer of others" : "it is still \(others.joined(separator: ", "))"
            var result = ImageResult(.untagged(called), image, title: uuid.description)
            result.reason = why
            report.did(result)
            return .stays
        }
        try await announce(reference, to: next, report)
        var result = ImageResult(.deleted, image, title: "\(uuid) (\(called))")
        result.reference = called
        result.bytes = look.usedBytes(of: uuid)
        guard try await remove(uuid, in: pool, force: force, report) else { return .missing }
        report.did(result)
        return .gone
    }

    /// Clones of an image are layers of others, all of them.
    private func isBuiltOn(_ uuid: ImageUUID, in pool: PoolName) async throws -> Bool {
        let clones = try await store.dependents(of: uuid, in: pool)
        guard !clones.isEmpty else { return false }
        let images = Set(try await store.images(in: pool).map { "\(pool)/\($0.uuid)" })
        return clones.allSatisfy { images.contains($0.description) }
    }

    /// Deletes layers, from the upper to the lower, until one is needed.
    private func deleteLayers(
        _ layers: [InstalledImage], of reference: DockerReference, in pool: PoolName, _ report: Report
    ) async throws {
        for (place, known) in layers.enumerated() {
            let number = "layer \(layers.count - place) of \(reference.localDescription)"
            let title = "\(known.uuid) (\(number))"
            // It was looked at before others went, and may have come into use meanwhile.
            let look = try await store.look(for: [known.uuid], in: pool)
            guard let layer = look.images[known.uuid] else { return }
            if let reason = try await need(of: layer) {
                try await store.setLeaving(nil, of: layer.uuid, in: pool) { report.waiting(for: layer.uuid, $0) }
                var result = ImageResult(.kept, layer, title: title)
                (result.isRequested, result.layer, result.reason) = (false, number, reason)
                return report.did(result)
            }
            try await announce(reference, to: layers.dropFirst(place + 1).first, report)
            var result = ImageResult(.deleted, layer, title: title)
            (result.isRequested, result.layer) = (false, number)
            result.bytes = look.usedBytes(of: layer.uuid)
            guard try await remove(layer.uuid, in: pool, force: false, report) else { return }
            report.did(result)
        }
    }

    /// What a run that was killed has left of a deletion.
    private func finishDeletion(
        of reference: DockerReference, in pool: PoolName, force: Bool, _ report: Report
    ) async throws {
        let begun = try await store.leaving(reference, in: pool)
        guard !begun.isEmpty else { throw ImageNotInstalled(reference.localDescription, pool, hint: nil) }
        for uuid in begun {
            if let layer = try await store.image(uuid, in: pool) {
                let layers = try await [layer] + origins(of: uuid, in: pool)
                try await deleteLayers(layers, of: reference, in: pool, report)
            } else if try await remove(uuid, in: pool, force: force, report) {
                report.did(
                    ImageResult(
                        .deleted, Manifest(uuid: uuid), title: "\(uuid) (\(reference.localDescription))", in: pool))
            }
        }
    }

    /// Notes of the next layer to go that it does, before what is above it is gone.
    private func announce(_ reference: DockerReference, to layer: InstalledImage?, _ report: Report) async throws {
        guard let layer, layer.isBareLayer else { return }
        try await store.setLeaving(reference, of: layer.uuid, in: layer.pool) { report.waiting(for: layer.uuid, $0) }
    }

    /// Why a layer stays; nil if nothing needs it, and nobody has put anything to it: it was not named, so nobody can have meant that.
    private func need(of layer: InstalledImage) async throws -> String? {
        guard layer.isBareLayer else {
            return layer.references.isEmpty
                ? "it is no layer of a docker image" : "it is \(layer.references.joined(separator: ", "))"
        }
        let clones = try await store.dependents(of: layer.uuid, in: layer.pool)
        guard let first = clones.first else {
            guard let lock = try await store.tryLock(layer.uuid, in: layer.pool) else {
                return "another run is at work on it"
            }
            defer { lock.release() }
            return try await store.addition(to: layer.uuid, in: layer.pool)?.description
        }
        return clones.count == 1
            ? "\(first) builds on it" : "\(first) and \(clones.count - 1) more build on it"
    }

    /// The images that an image builds on, from the next to the base, as far as they are there.
    private func origins(of uuid: ImageUUID, in pool: PoolName) async throws -> [InstalledImage] {
        var images: [InstalledImage] = []
        var next = try await store.image(uuid, in: pool)?.below
        while let uuid = next, !images.contains(where: { $0.uuid == uuid }),
            let image = try await store.image(uuid, in: pool)
        {
            images.append(image)
            next = image.below
        }
        return images
    }
}
