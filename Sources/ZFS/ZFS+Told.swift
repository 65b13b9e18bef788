import Host
import Logging

/// What `zfs` tells of several datasets in one call.
///
/// A user property, and a mount point, may hold tabs and line breaks, and who may set one on his own dataset would so make up lines of
/// others. Therefore each line begins and ends with the name of what it is of: a value with a line break leaves either a line that is none,
/// or a second one of the same dataset, since its last line has the true name at its end. Where that shows, what may be made up is asked
/// anew, of one dataset and property at a time.
extension ZFS {
    /// The value of a property, and where it comes from.
    struct Told: Sendable, Hashable {
        let value: String
        let source: String
    }

    private static let toldColumns = "name,property,source,value,name"

    /// Whoever may set it chooses what it holds.
    private static func isFree(_ property: String) -> Bool { property.contains(":") || property == "mountpoint" }

    /// Properties of those of several datasets and snapshots that are there.
    func told(
        _ properties: [String], of names: [String], doing what: String
    ) async throws -> [String: [String: Told]] {
        var told: [String: [String: Told]] = [:]
        for names in names.bundledForCalls() {
            told.merge(try await toldAtOnce(properties, names, what)) { first, _ in first }
        }
        return told
    }

    private func toldAtOnce(
        _ properties: [String], _ names: [String], _ what: String
    ) async throws -> [String: [String: Told]] {
        let asked = Set(names)
        var told: [String: [String: Told]] = [:]
        // By name and property.
        var doubted: [String: Set<String>] = [:]
        for line in try await present(arguments(properties), named: names, doing: what) {
            let line = ToldLine(line)
            guard asked.contains(line.name), properties.contains(line.property), let value = line.told,
                told[line.name]?[line.property] == nil
            else {
                doubted[line.name, default: []].insert(line.property)
                continue
            }
            told[line.name, default: [:]][line.property] = value
        }
        guard !doubted.isEmpty else { return told }
        log.info("a property has line breaks: what is told is asked again", metadata: ["of": "\(names.count) datasets"])
        let fixed = properties.filter { !ZFS.isFree($0) }
        var sure = try await toldOfNobody(fixed.isEmpty ? ["type"] : fixed, names, what)
        for name in sure.keys {
            if fixed.isEmpty { sure[name] = [:] }
            for property in properties where ZFS.isFree(property) {
                // The line that zfs began with this name and property is there: if it is the only one, it is that.
                let isSure = doubted[name]?.contains(property) != true
                let value = isSure ? told[name]?[property] : nil
                sure[name]?[property] = if let value { value } else { try await toldAlone(property, of: name, what) }
            }
        }
        return sure
    }

    private func arguments(_ properties: [String]) -> [String] {
        ["get", "-Hp", "-o", ZFS.toldColumns, properties.joined(separator: ",")]
    }

    /// Properties that nobody chooses the text of.
    private func toldOfNobody(
        _ properties: [String], _ names: [String], _ what: String
    ) async throws -> [String: [String: Told]] {
        var told: [String: [String: Told]] = [:]
        for line in try await present(arguments(properties), named: names, doing: what) {
            let line = ToldLine(line)
            guard names.contains(line.name), let value = line.told else { continue }
            told[line.name, default: [:]][line.property] = value
        }
        return told
    }

    /// One property of one dataset, whatever it holds; nil if that is not there.
    private func toldAlone(_ property: String, of name: String, _ what: String) async throws -> Told? {
        let lines = try await present(arguments([property]), named: [name], doing: what, keepingEmpty: true)
        let output = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        guard !output.isEmpty else { return nil }
        // Between the first name and the last one there is nothing but what it is.
        let line = ToldLine(output.last == UInt8(ascii: "\n") ? output.dropLast() : output[...])
        return line.name == name && line.property == property ? line.told : nil
    }
}

/// A line that begins and ends with a name.
private struct ToldLine {
    let name: String
    let property: String
    /// Nil for what is no such line.
    let told: ZFS.Told?

    init(_ line: ArraySlice<UInt8>) {
        let cells = line.split(separator: UInt8(ascii: "\t"), maxSplits: 3, omittingEmptySubsequences: false)
        name = cells.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        property = cells.count > 1 ? String(decoding: cells[1], as: UTF8.self) : ""
        guard cells.count == 4 else {
            told = nil
            return
        }
        let end = [UInt8(ascii: "\t")] + cells[0]
        let rest = cells[3]
        guard rest.count >= end.count, rest.suffix(end.count).elementsEqual(end) else {
            told = nil
            return
        }
        told = ZFS.Told(
            value: String(decoding: rest.dropLast(end.count), as: UTF8.self),
            source: String(decoding: cells[2], as: UTF8.self))
    }
}
