import ArgumentParser
import Failure
import ImageModel
import ImageTool

/// What `import` can be told of a URL or a file.
struct FileOptions: ParsableArguments {
    @Option(
        name: .customLong("checksum"), parsing: .unconditional,
        help: ArgumentHelp(
            """
            What the file of a URL or path must be: sha256: or sha512: and its digits. Without it, a list of checksums is \
            looked for beside a URL.
            """, valueName: "algorithm:digits"))
    var checksum: String?
    @Option(
        name: .customLong("verify"), parsing: .unconditional,
        help: ArgumentHelp(
            """
            checksum: a URL beside which there is no checksum is an error, and an image that came of it unchecked is \
            compared with that.
            """, valueName: "what"),
        completion: .list(["checksum"]))
    var verify: String?
    @Option(
        name: .customLong("volblocksize"), parsing: .unconditional,
        help: ArgumentHelp(
            """
            Of the blocks of a disk's volume: 4K to 128K. If not given, 16K, or as much as a cluster of the disk's \
            format where that is less. In blocks of one size, the snapshot is the same as that of the image which \
            convert makes, and takes increments to it.
            """,
            valueName: "bytes"))
    var blockSize: String?

    var areGiven: Bool { checksum != nil || verify != nil || blockSize != nil }

    /// - Throws: `Option`.
    func apply(to request: inout FileRequest) throws(Failure) {
        if let checksum {
            guard let digest = ContentDigest(checksum.lowercased()) else {
                let meant = ["sha256:\(checksum)", "sha512:\(checksum)"].first { ContentDigest($0.lowercased()) != nil }
                throw Failure(
                    .option,
                    "--checksum \(checksum): it must be sha256: with 64 digits, or sha512: with 128 (0-9, a-f)",
                    hint: meant.map { "--checksum \($0)" })
            }
            request.checksum = digest
        }
        if let verify {
            guard verify == "checksum" else {
                throw Failure(.option, "--verify \(verify): it knows checksum, and nothing else")
            }
            request.needsChecksum = true
        }
        request.blockSize = try blockSize.map(BlockSizeArgument.bytes)
    }

    /// What is said of a file in a registry, whose digest is known.
    ///
    /// - Throws: `Usage`, `Option`.
    func blockSizeOfRegistry() throws(Failure) -> Int? {
        guard checksum == nil, verify == nil else {
            throw Failure(
                .usage, "--checksum and --verify do not go with oci:REFERENCE, of which everything has a digest",
                hint: "oci:REPO@sha256:DIGITS says what it must be")
        }
        return try blockSize.map(BlockSizeArgument.bytes)
    }
}
