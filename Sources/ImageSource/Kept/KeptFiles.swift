import Host
import ImageModel
import Logging
import SystemPackage

/// Files of a server that are kept on this host, so that only those that have changed are fetched again, and there is something
/// to go by while the server is away. What cannot be kept is fetched each time; so it is for those who may not write here.
struct KeptFiles: Sendable {
    private let folder: FilePath
    /// How the names of a server's files begin.
    private let prefix: String
    private let log: Logger

    /// - Parameters:
    ///   - server: the URL below which the files are.
    ///   - isSecured: who the server is was made sure of. What came from anybody never stands for what came from the server.
    init(root: HostRoot, server: String, isSecured: Bool, log: Logger) {
        folder = root.catalogues
        prefix = Self.digits("\(isSecured) \(server)")
        self.log = log
    }

    private static func digits(_ text: String) -> String {
        String(ContentDigest(.sha256, of: Array(text.utf8)).hex.prefix(32))
    }

    private func name(_ url: String) -> String { "\(prefix)-\(Self.digits(url))" }

    /// The file of a URL as it was last; nil if there is none that can be used.
    ///
    /// - Parameter limit: the most bytes that it may have.
    func read(_ url: String, limit: Int) -> KeptFile? {
        do {
            let most = limit + KeptFile.longestLine
            return try PrivateFolder.existing(folder)?.read(name(url), limit: most)
                .flatMap { KeptFile(stored: $0, of: url) }
        } catch {
            // It is as if there were none: nothing is lost by that but time.
            log.info("a kept file cannot be read", metadata: ["url": "\(url)", "reason": "\(error)"])
            return nil
        }
    }

    func keep(_ file: KeptFile) {
        do {
            try PrivateFolder.making(folder).replace(name(file.fetched.url), with: file.stored)
        } catch {
            // It is fetched again the next time.
            log.info("a file cannot be kept", metadata: ["url": "\(file.fetched.url)", "reason": "\(error)"])
        }
    }

    /// Removes all files of the server.
    func forget() {
        do {
            guard let folder = try PrivateFolder.existing(folder) else { return }
            for name in try folder.names() where name.hasPrefix("\(prefix)-") { try folder.remove(name) }
        } catch {
            // They are asked about again before anybody goes by them.
            log.info("kept files cannot be removed", metadata: ["folder": "\(folder)", "reason": "\(error)"])
        }
    }
}
