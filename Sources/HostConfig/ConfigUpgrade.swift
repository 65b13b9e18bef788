import Failure
import Host
import ImageModel
import ImageSource
import JSON
import Logging
import SystemPackage

/// Takes over what imgadm before 3.0.0 left (state.md, "Upgrades from older layouts").
struct ConfigUpgrade {
    let root: HostRoot
    let log: Logger

    /// A config without `upgradedToVer` or of a version below 3.0.0; and, where there is no config, the state of a
    /// version before 2.0.0.
    static func isNeeded(_ config: ImgadmConfig?, root: HostRoot) throws -> Bool {
        guard let config else { return try HostFile.exists(root.oldState) }
        return major(config) < 3
    }

    private static func major(_ config: ImgadmConfig) -> Int {
        config.json["upgradedToVer"]?.stringValue?.split(separator: ".").first.flatMap { Int($0) } ?? 0
    }

    func upgrade(_ config: ImgadmConfig?) throws -> ImgadmConfig {
        var json = config?.json ?? [:]
        // What is no list is a mistake, which is left to its author and not replaced.
        if isFromBefore2(config), let known = (json["sources"] ?? []).arrayValue {
            let old = try oldSources().filter { source in !known.contains { $0["url"] == source["url"] } }
            if !old.isEmpty { json["sources"] = .array(known + old) }
        }
        if let sources = json["sources"]?.arrayValue { json["sources"] = .array(sources.map(typed)) }
        json["upgradedToVer"] = .string(ImgadmConfig.currentVersion)
        return ImgadmConfig(json: json, file: root.config.string)
    }

    private func isFromBefore2(_ config: ImgadmConfig?) -> Bool { config.map(ConfigUpgrade.major) ?? 0 < 2 }

    /// A source with its type filled in: `dsapi` if the URL ends in `/datasets`, else `imgapi`.
    private func typed(_ source: JSONValue) -> JSONValue {
        var object = source.objectValue ?? source.stringValue.map { ["url": .string($0)] } ?? [:]
        guard object["type"] == nil, let url = object["url"]?.stringValue else { return source }
        let path = url.hasSuffix("/") ? url.dropLast() : url[...]
        object["type"] = .string(
            (path.hasSuffix("/datasets") && !path.hasSuffix("//datasets") ? SourceType.dsapi : .imgapi).rawValue)
        return .object(object)
    }

    /// `sources.list`: a URL a line; blank lines and `#` comments count for nothing.
    private func oldSources() throws -> [JSONValue] {
        let path = root.oldState.appending("sources.list")
        guard let bytes = try HostFile.read(path, limit: ImageLimits.manifest, from: .setUp) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            let url = line.trimmingPrefix(while: \.isWhitespace).prefix { !$0.isWhitespace }
            guard !url.isEmpty, !url.hasPrefix("#") else { return nil }
            do {
                _ = try SourceDescriptor(String(url), type: .imgapi)
            } catch {
                log.warning(
                    "old source not taken over", metadata: ["file": "\(path)", "url": "\(url)", "reason": "\(error)"])
                return nil
            }
            return ["url": .string(String(url))]
        }
    }

    /// `UUID.json`, a manifest of version 1 each, become records of the pool `zones`, the only one of that time. What is a
    /// record already, or cannot be read, is left as it is.
    func takeOverManifests(_ config: ImgadmConfig?) throws {
        guard isFromBefore2(config) else { return }
        for name in try HostFile.names(in: root.oldState) where name.hasSuffix(".json") {
            guard let uuid = ImageUUID(String(name.dropLast(5))) else { continue }
            let record = root.records.appending("zones-\(uuid).json")
            guard try !HostFile.exists(record) else { continue }
            do {
                guard let bytes = try HostFile.read(root.oldState.appending(name)) else { continue }
                guard let old = try JSONValue(parsing: bytes).objectValue else {
                    throw Failure(.invalidManifest, "it is not a JSON object")
                }
                let manifest = JSONValue.object(old["v"] == nil ? try ManifestUpgrade.upgrade(old) : old)
                let content: JSONValue = ["manifest": manifest, "zpool": "zones", "source": old["_url"] ?? .null]
                try HostFile.write(Array((content.text(.indented(2)) + "\n").utf8), to: record)
            } catch {
                log.warning(
                    "old manifest not taken over",
                    metadata: ["file": "\(root.oldState.appending(name))", "reason": "\(error)"])
            }
        }
    }
}
