import Failure
import Glibc
import Host
import Logging

/// The tool as a whole: reads the command line, runs the command, ends the process with its status.
public enum Imgadm {
    /// `X.Y.Z`, as `--version` shows it.
    public static let version = "0.1.0"
    /// The version of SmartOS's imgadm that it stands for to servers: those change what an older one publishes (imgapi.md, AdminImportImage).
    static let contractVersion = "3.9.0"

    public static func run() async {
        let environment = ProcessEnvironment.variables
        let invocation = Invocation(Array(CommandLine.arguments.dropFirst()), environment: environment)
        ProcessStart.shareHeap()
        do {
            try ProcessStart.prepare()
        } catch {
            exit(invocation.fail(error))
        }
        let work = Task { await invocation.run() }
        let signals = StopSignals { work.cancel() }
        let status = await work.value
        exit(signals.caught.map { 128 + $0 } ?? status)
    }
}
