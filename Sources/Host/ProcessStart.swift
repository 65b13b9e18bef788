import CHost
public import Failure
import Glibc

/// What both programs do before anything else: nothing that the process inherits by chance may reach what it makes.
public enum ProcessStart {
    /// Opens descriptors 0 to 2 where they are closed (1 so that nothing can be written to it), keeps the others from children, sets umask and signals, and raises
    /// the limit of open files. To be called before there is a second thread.
    ///
    /// - Throws: `Usage` for an argument that is not UTF-8; `ResourceLimit` where there is so little of something that the libraries below us would end the process.
    public static func prepare() throws(Failure) {
        chost_prepare_process()
        try checkArguments()
        _ = OpenFileLimit.raise()
        let error = chost_try_resources(leastThreads, leastFiles, leastSpace)
        guard error != 0 else { return }
        let (what, option) =
            switch error {
            case EMFILE, ENFILE: ("open files: \(leastFiles) are needed", "-n")
            case ENOMEM: ("address space: \(leastSpace >> 20) MiB are needed", "-v")
            default: ("threads: \(leastThreads) are needed", "-u")
            }
        throw Failure(
            .resourceLimit, "this process may not have enough \(what)",
            hint: "ulimit \(option) shows the limit and sets it")
    }

    /// For a program of one command, whose threads pass large buffers on: with a heap for each, what one gave back no other gets. To be
    /// called before there is a second thread.
    public static func shareHeap() { chost_share_heap() }

    /// An argument that is not UTF-8 would be read as another one: a file of such a name would not be found, and nobody told why.
    private static func checkArguments() throws(Failure) {
        for index in 0..<Int(CommandLine.argc) {
            guard let argument = unsafe CommandLine.unsafeArgv[index],
                unsafe String(validatingCString: argument) == nil
            else { continue }
            throw Failure(
                .usage, "argument \(index) is not UTF-8: \"\(unsafe String(cString: argument))\"",
                hint: "a file with such a name needs another, or is given by a link that has one")
        }
    }

    // With less, NIO and libdispatch, which have no errors for it, trap or wait for good.
    private static let leastThreads: Int32 = 12
    private static let leastFiles: Int32 = 48
    private static let leastSpace = 512 << 20
}
