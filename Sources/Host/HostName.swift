import Glibc

/// The name of this machine.
public enum HostName {
    public static var current: String {
        var bytes = [CChar](repeating: 0, count: 256)
        let failed = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return true }
            return unsafe gethostname(start, buffer.count - 1) != 0
        }
        guard !failed else { return "unknown" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
