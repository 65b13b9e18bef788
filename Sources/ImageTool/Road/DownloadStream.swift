import ImageModel
import ImageStore
import NIOCore
import Synchronization
import Transport

/// A download as the bytes of an image file, its progress told to the report.
struct DownloadStream: ImageFileReader {
    private let download: Download
    private let uuid: ImageUUID?
    private let name: String
    private let report: Report
    private let transfer: OpenTransfer
    private var md5: ImageFileDigest?
    private let checkMD5: Bool
    private let parts: DownloadParts
    private var begun = false

    /// - Parameters:
    ///   - uuid: nil of what makes an image whose UUID is not known yet.
    ///   - title: how people know the image.
    ///   - name: how lines of progress call the file.
    init(
        _ download: Download, of uuid: ImageUUID?, title: String, name: String, report: Report, checkMD5: Bool,
        noting parts: DownloadParts
    ) {
        self.download = download
        self.name = name
        self.parts = parts
        self.uuid = uuid
        self.report = report
        self.checkMD5 = checkMD5
        transfer = report.transfers.opening(.download, of: uuid, title: title, total: download.size)
        transfer.advance(to: download.position)
    }

    mutating func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        defer { if download.isOfSeveral { parts.note() } }
        do {
            guard let buffer = try await download.next() else {
                try md5?.finish()
                transfer.end(isDone: true)
                report.line("Downloaded \(name) (\(ByteCount.text(download.position)))")
                return false
            }
            if checkMD5, !begun {
                if let value = download.headers?["content-md5"] {
                    md5 = ImageFileDigest(ImageFileCheck(md5: value))
                } else {
                    report.warning(
                        "\(uuid.map(ImageTool.unchecked) ?? "\(name) is not checked"), and the server states none")
                }
            }
            begun = true
            try md5?.update(buffer.readableBytesSpan)
            try body(buffer.readableBytesSpan)
            transfer.advance(to: download.position)
            return true
        } catch {
            transfer.end(isDone: false)
            throw error
        }
    }
}

/// Whether the parts of a download may be of several files.
final class DownloadParts: Sendable {
    private let noted = Mutex(false)

    func note() { noted.withLock { $0 = true } }
    var areOfSeveral: Bool { noted.withLock { $0 } }
}
