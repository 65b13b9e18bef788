import SendStream

/// Packs lists of names and values, value by value.
struct ListPacker: Sendable {
    enum Encoding: Sendable, Equatable {
        case xdr
        case native(isLittleEndian: Bool)
    }

    let encoding: Encoding
    private var out: Fields

    init(_ encoding: Encoding) {
        self.encoding = encoding
        let isLittleEndian = encoding == .native(isLittleEndian: true)
        out = Fields(isLittleEndian: isLittleEndian)
        out.bytes = [encoding == .xdr ? 1 : 0, isLittleEndian ? 1 : 0, 0, 0]
    }

    var bytes: [UInt8] { out.bytes }

    mutating func list(_ fill: (inout ListPacker) -> Void) {
        out.add(UInt32(0), UInt32(1))
        content(fill)
    }

    private mutating func content(_ fill: (inout ListPacker) -> Void) {
        fill(&self)
        out.bytes += zeros(encoding == .xdr ? 8 : 4)
    }

    mutating func pair(_ name: String, _ type: UInt32, _ value: NameValueList.Value) {
        if encoding == .xdr { xdr(Array(name.utf8), type, value) } else { native(Array(name.utf8), type, value) }
    }

    /// Pairs of lists within lists are of type 8, or lists.
    private mutating func pairs(of list: NameValueList) {
        for pair in list.pairs {
            let type: UInt32 = if case .list = pair.value { 19 } else { 8 }
            self.pair(String(decoding: pair.name, as: UTF8.self), type, pair.value)
        }
    }

    private static func count(_ value: NameValueList.Value) -> Int {
        switch value {
        case .flag: 0
        case .bytes(let bytes): bytes.count
        case .booleans(let values): values.count
        case .signeds(let values): values.count
        case .unsigneds(let values): values.count
        case .texts(let texts): texts.count
        case .lists(let lists): lists.count
        default: 1
        }
    }

    // XDR

    private mutating func xdr(_ name: [UInt8], _ type: UInt32, _ value: NameValueList.Value) {
        let start = out.bytes.count
        out.add(UInt32(0), UInt32(0))
        xdr(text: name)
        out.add(type, UInt32(Self.count(value)))
        let isWide = [7, 8, 15, 16, 18].contains(type)
        func number(_ value: UInt64, _ out: inout Fields) {
            if isWide { out.add(value) } else { out.add(UInt32(truncatingIfNeeded: value)) }
        }
        switch value {
        case .flag: break
        case .boolean(let value): out.add(UInt32(value ? 1 : 0))
        case .signed(let value): number(UInt64(bitPattern: value), &out)
        case .unsigned(let value): number(value, &out)
        case .double(let value): out.add(value)
        case .text(let text): xdr(text: text)
        case .bytes(let bytes): out.bytes += bytes + zeros((4 - bytes.count % 4) % 4)
        case .booleans(let values):
            out.add(UInt32(values.count))
            for value in values { out.add(UInt32(value ? 1 : 0)) }
        case .signeds(let values):
            out.add(UInt32(values.count))
            for value in values { number(UInt64(bitPattern: value), &out) }
        case .unsigneds(let values):
            out.add(UInt32(values.count))
            for value in values { number(value, &out) }
        case .texts(let texts): for text in texts { xdr(text: text) }
        case .list(let list): self.list { $0.pairs(of: list) }
        case .lists(let lists): for list in lists { self.list { $0.pairs(of: list) } }
        }
        var size = Fields(isLittleEndian: false)
        size.add(UInt32(out.bytes.count - start))
        out.bytes.replaceSubrange(start..<(start + 4), with: size.bytes)
    }

    private mutating func xdr(text: [UInt8]) {
        out.add(UInt32(text.count))
        out.bytes += text + zeros((4 - text.count % 4) % 4)
    }

    // Native

    private mutating func native(_ name: [UInt8], _ type: UInt32, _ value: NameValueList.Value) {
        let content = Self.native(type, value, isLittleEndian: out.isLittleEndian)
        let nameSize = name.count + 1
        let padding = (8 - nameSize % 8) % 8
        let size = 16 + nameSize + padding + content.count + (8 - content.count % 8) % 8
        out.add(UInt32(size))
        out.add(UInt16(nameSize), UInt16(0))
        out.add(UInt32(Self.count(value)), type)
        out.bytes += name + zeros(1 + padding) + content + zeros((8 - content.count % 8) % 8)
        switch value {
        case .list(let list): self.content { $0.pairs(of: list) }
        case .lists(let lists): for list in lists { self.content { $0.pairs(of: list) } }
        default: break
        }
    }

    private static func native(_ type: UInt32, _ value: NameValueList.Value, isLittleEndian: Bool) -> [UInt8] {
        var out = Fields(isLittleEndian: isLittleEndian)
        func number(_ value: UInt64, _ out: inout Fields) {
            switch type {
            case 2, 22, 23, 25, 26: out.add(UInt8(truncatingIfNeeded: value))
            case 3, 4, 11, 12: out.add(UInt16(truncatingIfNeeded: value))
            case 5, 6, 13, 14: out.add(UInt32(truncatingIfNeeded: value))
            default: out.add(value)
            }
        }
        switch value {
        case .flag: break
        case .boolean(let value): out.add(UInt32(value ? 1 : 0))
        case .signed(let value): number(UInt64(bitPattern: value), &out)
        case .unsigned(let value): number(value, &out)
        case .double(let value): out.add(value)
        case .text(let text): out.bytes += text + [0]
        case .bytes(let bytes): out.bytes += bytes
        case .booleans(let values): for value in values { out.add(UInt32(value ? 1 : 0)) }
        case .signeds(let values): for value in values { number(UInt64(bitPattern: value), &out) }
        case .unsigneds(let values): for value in values { number(value, &out) }
        case .texts(let texts): out.bytes += zeros(8 * texts.count) + texts.flatMap { $0 + [0] }
        case .list: out.bytes += zeros(24)
        case .lists(let lists): out.bytes += zeros(lists.count * 32)
        }
        return out.bytes
    }
}
