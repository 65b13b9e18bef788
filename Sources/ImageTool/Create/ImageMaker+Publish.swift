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
        var request = request
        let folder = root.root.appending("var/tmp/.imgadm-create-\(request.machine)")
        try HostFile.makeFolder(folder)
        defer { HostFile.removeFolder(folder) }
        request.output = folder
        let created = try await create(request, pool: pool, report)
        do {
            var publish = PublishRequest(manifest: created.manifestFile, file: created.file, server: server)
            publish.signer = signer
            try await tool.publish(publish, report)
        } catch let failure as Failure {
            throw Failure(
                failure.code, failure.message, cause: failure.cause,
                hint:
                    "the image is in \"\(folder)\": imgadm publish -m \(created.manifestFile) -f \(created.file) \(server.url.base)",
                statusCode: failure.statusCode)
        }
        try HostFile.remove(created.file)
        try HostFile.remove(created.manifestFile)
    }
}
