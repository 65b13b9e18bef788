import Failure
import TestHost
import Testing

/// Words of commands that hints show.
@Suite struct ShellWordTests {
    static let words: [(word: String, shown: String)] = [
        ("web-1.0.0.zfs.gz", "web-1.0.0.zfs.gz"), ("/a/b c", "'/a/b c'"), ("it's", "'it'\\''s'"), ("=a", "'=a'"),
        ("", "''"), ("$(x)", "'$(x)'"), ("-", "-"), ("-x", "./-x"), ("--a b", "'./--a b'"),
        ("a\u{1b}[31mb", "$'a\\033[31mb'"), ("a\nb\tc", "$'a\\nb\\tc'"), ("-\u{7f}'\\", "$'./-\\177\\'\\\\'"),
        ("a\u{1}7", "$'a\\0017'"), ("a'\u{fe0f};b;'\u{301}", "'a'\\''\u{fe0f};b;'\\''\u{301}'"),
        ("-\u{301}x", "'./-\u{301}x'"), ("=\u{301}x", "'=\u{301}x'"),
    ]

    @Test(arguments: words) func aShellTakesTheWordBack(word: String, shown: String) async throws {
        #expect(ShellWord.quoted(word) == shown)
        let taken = try await Tool.run("bash", "-c", "printf %s \(shown)")
        #expect(taken == (word.utf8.first == UInt8(ascii: "-") && word != "-" ? "./\(word)" : word))
    }
}
