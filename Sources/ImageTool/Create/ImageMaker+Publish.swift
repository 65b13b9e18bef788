import Failure
import Host
public import IMGAPI
import ImageModel
public import ImageSource
import SystemPackage
import Transport
public import ZFS

extension ImageMaker {
    /// Makes an image and publishes it; no file of it stays here (cli.md §3, create `-p`).
    ///
    /// - Throws: as `create` and `publish` do. An image that could not be published stays, and the hint says where.
    public func create(
        _ request: CreateRequest, pool: PoolName, publishingTo server: SourceDescriptor, by signer: RequestSigner?,
        _ report: Report
    ) async throws {
        // Until it is published: another run would take what this one has made for what a dead one has left.
        let lock = try await lock(request.machine)
        defer { lock.release() }
        let parent = root.root.appending("var/tmp")
        let prefix = ".imgadm-create-\(request.machine)-"
        try HostFile.makeFolder(parent)
        try clear(parent, prefix, report)
        let folder = try PrivateFolder.new(in: parent, prefix: prefix)
        let created: CreatedImage
        do {
            created = try await createLocked(request, pool: pool, into: folder, report) { manifest in
                try await tool.checkPublishing(manifest, to: server, by: signer)
            }
        } catch {
            // What counts is why there is no image; a folder that stays is cleared by the next run.
            _ = try? empty(folder)
            throw error
        }
        do {
            var publish = PublishRequest(
                manifest: created.openedManifest, file: created.openedFile, server: server)
            publish.signer = signer
            publish.shownFile = created.file
            try await tool.publish(publish, report)
        } catch let error as any CodedError {
            let failure = error.failure
            let first = failure.hint.map { "\($0); " } ?? ""
            let signed = signer == nil ? "" : "--key FILE --user NAME "
            let words = [created.manifestFile.string, created.file.string, "\(server.url.base)"].map(ShellWord.quoted)
            throw Failure(
                failure.code, failure.message, cause: failure.cause,
                hint:
                    "\(first)the image stays in \"\(folder.path)\" until create -p is run for this VM again: imgadm publish \(signed)-m \(words[0]) -f \(words[1]) \(words[2])",
                statusCode: failure.statusCode)
        }
        try empty(folder)
    }

    /// Clears what runs have left that were killed, or whose image could not be published. The VM's lock must be held.
    private func clear(_ parent: FilePath, _ prefix: String, _ report: Report) throws {
        for name in try HostFile.names(in: parent).sorted() where name.hasPrefix(prefix) {
            do {
                guard let folder = try PrivateFolder.existing(parent.appending(name)) else { continue }
                try empty(folder)
                report.line("Cleared leftover folder \(folder.path)")
            } catch is UnsafeFolder {
                // Somebody else has put it there, and it is in nobody's way.
            }
        }
    }

    private func empty(_ folder: PrivateFolder) throws {
        for name in try folder.names() { try folder.remove(name) }
        try folder.remove()
    }
}
