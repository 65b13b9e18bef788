import Glibc
import SystemPackage
import TestHost
import Testing

@testable import Host

@Suite struct ExecutableSearchTests {
    private let folder = TemporaryFolder()

    private func add(_ name: String, mode: FilePermissions) throws -> FilePath {
        let path = folder.path.appending(name)
        try HostFile.write(Array("#!/bin/sh\n".utf8), to: path, mode: mode)
        return path
    }

    private static let executable: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]

    @Test func theFirstFolderWins() throws {
        let first = try add("one/tool", mode: Self.executable)
        let second = try add("two/tool", mode: Self.executable)
        #expect(ExecutableSearch.find("tool", path: "\(folder.path)/one:\(folder.path)/two") == first)
        #expect(
            ExecutableSearch.find("tool", path: "\(folder.path)/none:\(folder.path)/two:\(folder.path)/one") == second)
    }

    @Test func whatCannotBeRunIsPassedOver() throws {
        _ = try add("one/tool", mode: .ownerReadWrite)
        try HostFile.makeFolder(folder.path.appending("two/tool"))
        let third = try add("three/tool", mode: Self.executable)
        let path = ["one", "two", "three"].map { "\(folder.path)/\($0)" }.joined(separator: ":")
        #expect(ExecutableSearch.find("tool", path: path) == third)
    }

    @Test(arguments: ["", ":", "/no/such/folder"])
    func theSystemsFoldersAreSearchedToo(path: String) {
        #expect(ExecutableSearch.find("sh", path: path) != nil)
        #expect(ExecutableSearch.find("no-such-program-anywhere", path: path) == nil)
    }

    @Test func aPathIsTakenAsItIs() {
        #expect(ExecutableSearch.find("/bin/sh", path: "") == "/bin/sh")
        for path in ["/no/such/program", "/etc/passwd", "/etc", "/", "./none"] {
            #expect(ExecutableSearch.find(path, path: "/bin") == nil)
        }
    }

    @Test func thePathOfTheProcessCounts() {
        #expect(ExecutableSearch.find("sh") != nil)
        #expect(ExecutableSearch.find("no-such-program-anywhere") == nil)
    }

    @Test(arguments: ["", " ", "a b"]) func nonsenseIsNotFound(program: String) {
        #expect(ExecutableSearch.find(program) == nil)
    }
}
