import Compression
import Failure
import IMGAPI
import ImageModel
import ImageSource
import JSON
import Synchronization
import Time
import Transport

/// The file of an image on its way to an image server.
extension ImageTool {
    /// A server that keeps no digest of files, and drops what it is told of one without a word, gets it as a tag, so that who imports the
    /// image can check by it. The image is whole without: a refusal is told.
    func keepDigest(
        of file: UploadFile, _ manifest: Manifest, _ served: Manifest, _ request: PublishRequest,
        _ client: IMGAPIClient, _ report: Report
    ) async throws {
        guard served.files.first?.sha256 == nil else { return }
        let tag = served.tags[Manifest.fileDigestTag]
        // What is stated was compared with the file; one that another run has left may be of another file.
        guard manifest.files.first?.digest != nil || tag != nil else { return }
        let digest = JSONValue.string("sha256:\(try await file.sha256())")
        guard tag != digest else { return }
        var tags = served.tags
        tags[Manifest.fileDigestTag] = digest
        do {
            try await ImageTool.uploads(by: clock) { [tags] _ in
                do {
                    _ = try await client.update(manifest.uuid, ["tags": .object(tags)], by: request.signer)
                    return .done(())
                } catch let error as any CodedError where ImageTool.isLost(error) {
                    return .passing(.failure(error))
                }
            }
        } catch let error as any CodedError where tag == nil && !(error is ConnectionError) {
            report.warning(
                "\(request.server.url.base) did not take the digest of the file of image \(manifest.uuid): \(error)")
        }
    }

    /// Sends the file, again from its start if the connection breaks; unless the server has it already.
    ///
    /// - Returns: the image as the server has it then.
    func upload(
        _ file: UploadFile, _ manifest: Manifest, _ compression: CompressionFormat, _ request: PublishRequest,
        _ client: IMGAPIClient, besides there: Manifest, _ report: Report
    ) async throws -> Manifest {
        var stated = manifest.files.first?.sha1
        if let has = there.files.first, let sha1 = has.sha1, has.size == file.size, stated == nil || stated == sha1,
            has.compression == compression.rawValue, try await file.sha1() == sha1
        {
            report.line("Image \(manifest.uuid) has its file already")
            return there
        }
        // Signed with the request, so that no other file can come in its place.
        if request.signer != nil, stated == nil { stated = try await file.sha1() }
        let served = try await report.transfers.moving(
            .upload, of: manifest.uuid, title: manifest.title, total: file.size
        ) { [stated] transfer in
            try await ImageTool.uploads(
                by: clock, again: ImageTool.sendingAgain(report)
            ) { _ in
                let sent = Mutex<String?>(nil)
                let stream = file.stream(transfer) { sha1 in sent.withLock { $0 = sha1 } }
                do {
                    let image = try await client.addFile(
                        manifest.uuid, stream, size: file.size, compression: compression.rawValue, sha1: stated,
                        datasetGUID: manifest.files.first?.datasetGUID, by: request.signer)
                    try ImageTool.compare(
                        image, manifest, size: file.size, sha1: sent.withLock { $0 }, stated: stated)
                    return .done(image)
                } catch let error as ConnectionError where error.isPassing {
                    return .passing(.failure(error))
                } catch let refusal as ServerRefusal where refusal.kind.isOfServer {
                    return .passing(.failure(refusal))
                }
            }
        }
        report.line(
            "Added file \"\(request.shownFile ?? request.file)\" (compression \"\(compression.rawValue)\") to image \(manifest.uuid)"
        )
        return served
    }

    /// Tells what the last try came to.
    static func sendingAgain<Value>(_ report: Report) -> (Result<Value, any Error>) -> Void {
        { result in
            var why = ""
            if case .failure(let failure) = result { why = " (\(failure))" }
            report.warning("the upload broke off\(why): sending the file again")
        }
    }

    private static func compare(
        _ image: Manifest, _ manifest: Manifest, size: Int64, sha1: String?, stated: String?
    ) throws(Failure) {
        let theirs = image.files.first
        guard theirs?.size == size, theirs?.sha1 == sha1, stated == nil || stated == sha1 else {
            throw Failure(
                .uploadError,
                "the file of image \(image.uuid) has \(size) bytes and the SHA-1 \(sha1 ?? "?")\(stated.map { " (its manifest states \($0))" } ?? ""), but the server has \(theirs?.size ?? 0) bytes and \(theirs?.sha1 ?? "no SHA-1")"
            )
        }
        guard let ours = manifest.files.first?.sha256, let digest = theirs?.sha256, ours != digest else { return }
        throw Failure(
            .uploadError,
            "the file of image \(image.uuid) has the digest \(ours), but the server says \(digest)")
    }
}
