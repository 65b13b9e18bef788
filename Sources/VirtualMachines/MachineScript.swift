import Failure
import Glibc
import Host
import JSON
import SystemPackage
import Time

/// Runs a script inside a root file system, in mount, process, host-name and IPC namespaces of its own, with the commands
/// `mdata-get`, `mdata-put`, `mdata-delete` and `mdata-list` on its path.
///
/// What it needs lies in a folder of the host, `run` of ours, which is mounted over ``place`` of that root, in the namespace
/// alone: nothing of it is in the dataset. The script can put anything there; what we rely on lies beside it. Nobody else on the
/// host can look into that folder: scripts have secrets.
struct MachineScript {
    let folder: FilePath
    let runner: any CommandRunner

    private var scriptFile: FilePath { folder.appending("script") }
    private var pidFile: FilePath { folder.appending("pid") }
    /// What the script has at ``place``.
    private var shared: FilePath { folder.appending("run") }
    private var values: FilePath { shared.appending("metadata") }

    func script() throws -> String? {
        try HostFile.read(scriptFile, limit: 16 << 20).map { String(decoding: $0, as: UTF8.self) }
    }

    func setScript(_ text: String) throws {
        _ = try PrivateFolder.making(folder)
        try HostFile.write(Array(text.utf8), to: scriptFile, mode: [.ownerReadWrite])
        try HostFile.write(Array(text.utf8), to: shared.appending("script"), mode: [.ownerReadWriteExecute])
        _ = try PrivateFolder.making(values)
        for (name, text) in MachineScript.commands {
            try HostFile.write(
                Array(text.utf8), to: shared.appending("bin").appending(name),
                mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
        }
    }

    /// The last line that the script printed. They are only told beside what went wrong: where they cannot be read, there are none.
    var lastWords: String? {
        let options: FileDescriptor.OpenOptions = [.closeOnExec, .noFollow, .nonBlocking]
        guard let log = try? FileDescriptor.open(folder.appending("log"), .readOnly, options: options) else {
            return nil
        }
        defer { try? log.close() }
        guard let stat = try? log.stat(), stat.type == .regular else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = try? unsafe bytes.withUnsafeMutableBytes {
            try unsafe log.read(fromAbsoluteOffset: max(0, stat.size - 4096), into: $0)
        }
        let lines = String(decoding: bytes[..<(count ?? 0)], as: UTF8.self).split(whereSeparator: \.isNewline)
        return lines.last { !$0.allSatisfy(\.isWhitespace) }.map { String($0.suffix(400)) }
    }

    /// Removes all there is of it, whatever the script has made of its part.
    func clear() async throws {
        guard try HostFile.exists(folder) else { return }
        // It follows no link, and takes what is in folders of any depth.
        let command = Command("rm", ["-rf", "--one-file-system", folder.string], limit: .seconds(60))
        let outcome = try await runner.run(command)
        guard outcome.succeeded else { throw command.failure(outcome) }
    }

    // MARK: Metadata

    /// What the script has said. Whatever else it may have put there says nothing: nothing that it does may keep its VM from
    /// being put back.
    func metadata() throws -> JSONObject {
        var object: JSONObject = [:]
        do {
            guard let folder = try PrivateFolder.existing(values) else { return [:] }
            for key in try folder.names().sorted().prefix(1000) where !key.hasPrefix(".") {
                do {
                    guard let bytes = try folder.read(key, limit: 1 << 20) else { continue }
                    object[key] = .string(String(decoding: bytes, as: UTF8.self))
                } catch is FileError {
                    // A pipe, a folder, a file without end.
                }
            }
        } catch is UnsafeFolder {
            // It has put something else in the folder's place.
        }
        return object
    }

    func set(_ key: String, _ value: String) throws {
        let key = try checked(key)
        _ = try PrivateFolder.making(folder)
        guard let file = try PrivateFolder.making(values).open(key, create: true) else { return }
        defer { try? file.close() }
        do {
            try file.resize(to: 0)
            try file.writeAll(value.utf8)
        } catch {
            throw HostFile.failure("cannot write", values.appending(key), error)
        }
    }

    func remove(_ key: String) throws { try PrivateFolder.existing(values)?.remove(try checked(key)) }

    private func checked(_ key: String) throws(Failure) -> String {
        guard !key.isEmpty, !key.hasPrefix("."), !key.contains("/"), key.utf8.count < 200 else {
            throw Failure(.vmManager, "\"\(key)\" is no name of metadata")
        }
        return key
    }

    // MARK: Running

    /// The process that holds the namespaces, if it lives.
    private func process() throws -> pid_t? {
        // The start time tells it from a later one with the same number.
        guard let text = try HostFile.read(pidFile, limit: 100),
            case let words = String(decoding: text, as: UTF8.self).split(separator: " "),
            words.count == 2, let pid = pid_t(words[0]), let start = MachineScript.startTime(pid), start == words[1]
        else { return nil }
        return pid
    }

    var isRunning: Bool { get throws { try process() != nil } }

    func start(in dataset: FilePath) async throws {
        let command = Command(
            "sh", ["-c", MachineScript.launch, "sh", folder.string, dataset.string], limit: .seconds(60))
        let outcome = try await runner.run(command)
        guard outcome.succeeded, let pid = outcome.lines.first.flatMap({ pid_t($0) }) else {
            throw Failure(
                .vmManager, "the script cannot be run inside \"\(dataset)\"",
                cause: Command("unshare", ["…"]).failure(outcome))
        }
        // One that has ended already needs no note.
        guard let start = MachineScript.startTime(pid) else { return }
        try HostFile.write(Array("\(pid) \(start)".utf8), to: pidFile)
    }

    func stop(force: Bool) async throws {
        guard let pid = try process() else { return }
        // Ending it ends all processes in its namespaces.
        kill(pid, force ? SIGKILL : SIGTERM)
        let ending = Backoff(
            patience: .seconds(10), firstPause: .milliseconds(20), longestPause: .milliseconds(200))
        if try await !ending.until(by: .real, { try !isRunning }) { kill(pid, SIGKILL) }
    }

    /// Field 22 of `/proc/PID/stat` (proc(5)); nil for a process that has ended.
    private static func startTime(_ pid: pid_t) -> String? {
        guard let bytes = try? HostFile.read(FilePath("/proc/\(pid)/stat")) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return String(fields[19])
    }
}

extension MachineScript {
    /// Where the script has what it needs. Linux keeps this folder empty, to be mounted over, in each `/proc`; one of the root,
    /// mounted over, would hide what is in it from the script.
    static let place = "/proc/fs/nfsd"

    /// `sh -c` with our folder and that of the dataset: begins the script in the dataset's `root`, if that has a `bin`, and prints
    /// the process that holds its namespaces. A link of the machine is followed nowhere: it may lead out of the dataset.
    ///
    /// Of what is mounted elsewhere the namespace keeps as little as it can, or images and pools would be in use as long as the
    /// script runs: what the host unmounts goes here, too, where its mounts are shared, and what is mounted beside the dataset
    /// goes at once.
    private static let launch = """
        set -eu
        root=$2
        if [ -d "$2/root" ] && [ ! -L "$2/root" ] && [ -e "$2/root/bin" ]; then root=$2/root; fi
        if [ ! -d "$root/proc" ] || [ -L "$root/proc" ]; then
            echo "what a script needs is mounted below /proc, and \\"$root/proc\\" is no folder: make one (mkdir)" >&2
            exit 1
        fi
        [ -x "$root/bin/sh" ] || [ -L "$root/bin/sh" ] || [ -L "$root/bin" ] || { echo 'it has no /bin/sh' >&2; exit 1; }
        command -v unshare >/dev/null || { echo 'unshare is missing (package util-linux)' >&2; exit 1; }
        setsid unshare --mount --propagation slave --pid --fork --kill-child=KILL --uts --ipc sh -c '
            set -eu
            beside=${4%/*}
            [ -z "$beside" ] || cut -d " " -f 2 /proc/self/mounts | while read -r path; do
                case $1/ in "$path"/*) continue ;; esac
                case $path in
                    "$4" | "$4"/*) ;;
                    "$beside"/*) umount -l "$path" 2>/dev/null || : ;;
                esac
            done
            mount -t proc proc "$2/proc"
            [ ! -d "$2/dev" ] || [ -L "$2/dev" ] || mount --rbind /dev "$2/dev"
            mount --bind "$1/run" "$2$3"
            exec chroot "$2" /usr/bin/env -i HOME=/root TERM=dumb LC_ALL=C \\
                PATH="$3/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" IMGADM_METADATA="$3/metadata" \\
                "$3/script"
        ' sh "$1" "$root" "\(place)" "$2" </dev/null >"$1/log" 2>&1 &
        echo $!
        """

    /// The commands that programs in a VM have for its metadata, as SmartOS has them (mdata-get(8) and the others).
    private static let commands = [
        "mdata-get": """
        #!/bin/sh
        [ -n "${1-}" ] || { echo 'usage: mdata-get KEY' >&2; exit 3; }
        [ -f "$IMGADM_METADATA/$1" ] || { echo "No metadata for '$1'" >&2; exit 1; }
        cat "$IMGADM_METADATA/$1"
        echo

        """,
        "mdata-put": """
        #!/bin/sh
        case ${1-} in '' | .* | */*) echo 'usage: mdata-put KEY [VALUE]' >&2; exit 3 ;; esac
        if [ $# -gt 1 ]; then printf %s "$2"; else cat; fi > "$IMGADM_METADATA/.$1.new" &&
            mv "$IMGADM_METADATA/.$1.new" "$IMGADM_METADATA/$1"

        """,
        "mdata-delete": """
        #!/bin/sh
        case ${1-} in '' | .* | */*) echo 'usage: mdata-delete KEY' >&2; exit 3 ;; esac
        rm -f "$IMGADM_METADATA/$1"

        """,
        "mdata-list": """
        #!/bin/sh
        ls "$IMGADM_METADATA"

        """,
    ]
}
