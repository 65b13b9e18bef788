import CHost
import Glibc
import SystemPackage
import TestHost
import Testing

@testable import Host

@Suite struct DeviceUsersTests {
    @Test func whatAProcessHasMappedIsToldByItsDevice() {
        let maps = Array(
            """
            55d0-55d1 r--p 00000000 00:1f 11                         /usr/bin/cat
            7f00-7f01 rw-p 00000000 00:00 0 \n\
            7f02-7f03 rw-s 00000000 fd:0a 77                         /zones/a b/fd:01 file
            7f04-7f05 r-xp 00000000 fd:01 12                         /lib/libc.so
            7ffd-7ffe rw-p 00000000 00:00 0                          [stack]
            """.utf8)
        func first(_ devices: (UInt32, UInt32)...) -> String? {
            MappedFiles.first(in: maps, on: Set(devices.map { chost_device($0.0, $0.1) }))
        }
        #expect(first((0xfd, 10)) == "/zones/a b/fd:01 file")
        #expect(first((0xfd, 1)) == "/lib/libc.so")
        #expect(first((0, 0x1f), (0xfd, 1)) == "/usr/bin/cat")
        #expect(first((0xfd, 2)) == nil)
        #expect(MappedFiles.first(in: [], on: [chost_device(0, 31)]) == nil)
    }

    /// Of a process that is ending nothing can be told, neither that it is to be left out.
    @Test(arguments: [true, false]) func whoEndsMeanwhileIsNoUser(isEnding: Bool) async throws {
        let folder = TemporaryFolder()
        let pid = pid_t(
            try await Tool.shell("cd '\(folder.path)' && sleep 600 >/dev/null 2>&1 & echo $!").filter(\.isNumber))
        let process = try #require(pid)
        defer { kill(process, SIGKILL) }
        var (on, number) = (UInt64(0), UInt64(0))
        #expect(unsafe chost_devices(folder.path.string, &on, &number) == 0)
        let device = "\(chost_device_major(on)):\(chost_device_minor(on))"
        let users = DeviceUsers(filesOf: [device], at: []).named(atMost: .max) { candidate in
            if candidate == process, isEnding {
                kill(process, SIGKILL)
                while HostProcess.hasFiles(process) { usleep(1000) }
            }
            return candidate != process
        }
        #expect(users.count == (isEnding ? 0 : 1), "\(users)")
    }

    private enum HostProcess {
        static func hasFiles(_ process: pid_t) -> Bool { !ProcFolder.names("/proc/\(process)/fd").isEmpty }
    }
}
