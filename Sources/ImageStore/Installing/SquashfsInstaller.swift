import Compression
import Failure
import Host
import ImageModel
import Logging
import ZFS

/// Unpacks a squashfs into `root/` of a new file system. It cannot be read from its beginning: so all of it is kept first, and is
/// what it should be before anybody looks into it; then `sqfs2tar` makes an archive of it, and it is unpacked as every root is.
/// The program is not of ours, and what it reads may be made to fool it: it has no rights but to read that file, and no more than
/// its share of memory.
struct SquashfsInstaller: ImageInstaller {
    let store: ImageStore

    private static let program = "sqfs2tar"
    /// Far more than any squashfs takes.
    private static let longest: Duration = .seconds(6 * 3600)
    /// It may have the whole tree there; of a million files that takes some hundred MiB.
    private static let mostMemory = 2 << 30
    /// A line or two for each file that no archive can hold (sockets).
    private static let mostWords = 64 << 20

    func checkHost() throws(Failure) {
        try checkUnpacking()
        let needed = [
            (Self.program, "which reads a squashfs", "squashfs-tools-ng"),
            (ProcessRunner.setpriv, "under which a squashfs is read without rights", "util-linux"),
            (ProcessRunner.prlimit, "under which a squashfs is read within limits", "util-linux"),
        ]
        for (program, purpose, package) in needed where ExecutableSearch.find(program) == nil {
            throw Failure(
                .commandNotFound, "cannot find the program \"\(program)\", \(purpose)", hint: "install \(package)")
        }
    }

    /// - Throws: `CommandNotFound`, `InvalidFile` for what is no squashfs, `NoSpace`; as ``RootInstaller``.
    func make<Reader: ImageFileReader>(
        _ partial: DatasetName, of image: ImageToInstall, opening open: () async throws -> Reader
    ) async throws -> MadeContent {
        try checkHost()
        let (file, sum) = try await keep(try await open(), image)
        var command = Command(
            Self.program, ["--root-becomes", ".", "/dev/stdin"], limit: Self.longest,
            mostOutput: Self.mostWords)
        command.input = try file.readableHandle()
        command.isUnprivileged = true
        command.mostMemory = Self.mostMemory
        let (outcome, made) = try await store.runner.drain(command) { output in
            try await RootInstaller(store: store).make(
                partial, of: image.made(of: .root), opening: { ArchiveOutput(output: output) })
        }
        if !outcome.errorText.isEmpty {
            store.log.info("sqfs2tar", metadata: ["said": "\(outcome.errorText.prefix(2000))"])
        }
        // One that was ended since nobody read on is not what went wrong.
        if case .exited(let status) = outcome.ending, status != 0 {
            let what = image.fileName ?? "the file of image \(image.manifest.uuid)"
            throw Failure(
                .invalidFile, "\(what) cannot be read as a squashfs: \(outcome.errorText.prefix(500))")
        }
        var content = try made.get()
        guard outcome.succeeded else { throw command.failure(outcome) }
        content.image = content.image.map { MadeImage(snapshotGUID: $0.snapshotGUID, fileSHA256: sum) }
        return content
    }

    /// Keeps the file, which is what it should be when this returns.
    private func keep(
        _ reader: some ImageFileReader, _ image: ImageToInstall
    ) async throws -> (ScratchFile, fileSHA256: String?) {
        if let size = image.check.size.flatMap({ UInt64(exactly: $0) }),
            let free = HostFile.freeSpace(at: ScratchFile.folder), !ScratchFile.fits(size, into: free)
        {
            throw Failure(
                .noSpace,
                "a squashfs of \(size) bytes has to be kept before it is read, but \"\(ScratchFile.folder)\" has \(free) bytes free, of which some are others'",
                hint: "make room there")
        }
        let file = try ScratchFile()
        var reader = reader
        var place: UInt64 = 0
        var pass = ImagePass(check: image.check, compression: CompressionFormat.none)
        try await pass.run(&reader) { bytes in
            try file.write(bytes, at: place)
            place += UInt64(bytes.byteCount)
        }
        return (file, pass.fileSHA256)
    }
}

/// What a program writes, as the bytes of an image file.
private struct ArchiveOutput: ImageFileReader {
    let output: ChildOutput

    func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        let bytes = try output.read(256 << 10)
        guard !bytes.isEmpty else { return false }
        try unsafe body(bytes.span.bytes)
        return true
    }
}
