/// Pools in memory: datasets, snapshots, clones.
public struct MemoryPools: Sendable {
    public struct Snapshot: Sendable {
        public let name: String
        public let guid: UInt64
        public let content: Int
    }

    public struct Dataset: Sendable {
        public var isVolume = false
        public var origin: String?
        public var guid: UInt64
        /// Another number whenever something is written to it.
        public var content = 0
        public var isMounted = false
        /// Those set on itself.
        public var properties: [String: String] = [:]
        public var snapshots: [Snapshot] = []
    }

    /// A command fails.
    struct Complaint: Error {
        let text: String
        var status: Int32 = 1
        var output = ""
    }

    public private(set) var datasets: [String: Dataset] = [:]
    public private(set) var changes = 0
    /// How many more changes the run lives to make.
    public var left: Int?
    /// There is no room for anything but what makes some.
    public var isFull = false
    /// It keeps no account of what was written, as zfs-fuse.
    public var isOld = false
    /// What others do before the command whose turn it is.
    public var meanwhile: (turn: Int, work: @Sendable (inout MemoryPools) -> Void)?
    private var lastGUID: UInt64

    public init(_ pools: [String]) {
        // Locks are found by a pool's guid, and tests run beside each other.
        lastGUID = UInt64.random(in: (1 << 40)...(1 << 62))
        for pool in pools {
            let guid = newGUID()
            datasets[pool] = Dataset(guid: guid, isMounted: true)
        }
    }

    public var names: Set<String> {
        Set(datasets.flatMap { name, dataset in [name] + dataset.snapshots.map { "\(name)@\($0.name)" } })
    }

    private mutating func newGUID() -> UInt64 {
        lastGUID += 1
        return lastGUID
    }

    // MARK: What others do to it

    public mutating func add(
        _ name: String, cloneOf origin: String? = nil, snapshots: [String] = ["final"], volume: Bool = false
    ) {
        var dataset = Dataset(isVolume: volume, origin: origin, guid: newGUID(), isMounted: !volume)
        dataset.snapshots = snapshots.map { Snapshot(name: $0, guid: newGUID(), content: 0) }
        datasets[name] = dataset
    }

    public mutating func set(_ property: String, to value: String, of name: String) {
        datasets[name]?.properties[property] = value
    }

    /// A volume is a mounted file system from now on.
    public mutating func becomeFileSystem(_ name: String) {
        datasets[name]?.isVolume = false
        datasets[name]?.isMounted = true
    }

    /// A clone takes over the snapshots of what it is a clone of, which becomes its clone.
    public mutating func promote(_ clone: String) {
        guard var promoted = datasets[clone], let name = promoted.origin?.split(separator: "@").first.map(String.init),
            var base = datasets[name]
        else { return }
        promoted.snapshots += base.snapshots
        promoted.origin = base.origin
        base.snapshots = []
        base.origin = "\(clone)@final"
        datasets[clone] = promoted
        datasets[name] = base
    }

    public mutating func write(to name: String) { datasets[name]?.content += 1 }

    /// Takes a dataset away with its snapshots.
    ///
    /// - Returns: what `putBack` puts back.
    @discardableResult
    public mutating func takeAway(_ name: String) -> Dataset? { datasets.removeValue(forKey: name) }

    public mutating func putBack(_ name: String, _ dataset: Dataset?) { datasets[name] = dataset }

    public mutating func setSnapshots(of name: String, to snapshots: [String]) {
        let new = snapshots.map { Snapshot(name: $0, guid: newGUID(), content: 0) }
        datasets[name]?.snapshots = new
    }

    // MARK: Commands

    /// - Returns: what the command prints.
    mutating func apply(_ words: [String], reading input: [UInt8]) throws(Complaint) -> String {
        if let (turn, work) = meanwhile {
            meanwhile = turn == 0 ? nil : (turn - 1, work)
            if turn == 0 { work(&self) }
        }
        if left == 0 { throw Complaint(text: "") }
        let call = Call(words)
        let output: String
        if isFull, !["list", "get", "destroy", "mount", "unmount"].contains(call.verb) {
            throw Complaint(text: "cannot \(call.verb) '\(call.names.first ?? "")': out of space")
        }
        switch call.verb {
        case "list", "get": return try told(call)
        case "receive": output = try receive(call, input)
        case "rename": output = try rename(call.names[0], to: call.names[1])
        case "destroy": output = try destroy(call.names[0])
        case "snapshot": output = try snapshot(call.names[0])
        case "rollback": output = try rollBack(to: call.names[0])
        case "mount", "unmount": output = try mount(call.names[0], call.verb == "mount")
        case "set", "inherit":
            let (name, value) = call.names[0].divided(by: "=")
            _ = try dataset(call.names[1])
            datasets[call.names[1]]?.properties[name] = value
            output = ""
        default: throw Complaint(text: "unrecognized command '\(call.verb)'", status: 2)
        }
        changes += 1
        left = left.map { $0 - 1 }
        return output
    }

    private func dataset(_ name: String) throws(Complaint) -> Dataset {
        guard let dataset = datasets[name] else {
            throw Complaint(text: "cannot open '\(name)': dataset does not exist")
        }
        return dataset
    }

    /// A dataset and what is below it.
    private func tree(_ name: String) -> [String] {
        datasets.keys.filter { $0 == name || $0.hasPrefix("\(name)/") }.sorted()
    }

    private mutating func rename(_ old: String, to new: String) throws(Complaint) -> String {
        if old.contains("@") { return try renameSnapshot(old, to: new) }
        _ = try dataset(old)
        guard datasets[new] == nil else { throw Complaint(text: "cannot rename '\(old)': dataset already exists") }
        func renamed(_ name: String) -> String {
            name == old || name.hasPrefix("\(old)/") || name.hasPrefix("\(old)@")
                ? new + name.dropFirst(old.count) : name
        }
        datasets = Dictionary(
            uniqueKeysWithValues: datasets.map { name, dataset in
                var dataset = dataset
                dataset.origin = dataset.origin.map(renamed)
                return (renamed(name), dataset)
            })
        return ""
    }

    private mutating func renameSnapshot(_ old: String, to new: String) throws(Complaint) -> String {
        let (owner, name) = old.divided(by: "@")
        let (target, other) = new.divided(by: "@")
        guard let place = try dataset(owner).snapshots.firstIndex(where: { $0.name == name }) else {
            throw Complaint(text: "cannot open '\(old)': dataset does not exist")
        }
        guard let other, target == owner else {
            throw Complaint(text: "cannot rename to '\(new)': snapshots must be part of same dataset")
        }
        guard let snapshot = datasets[owner]?.snapshots[place],
            datasets[owner]?.snapshots.contains(where: { $0.name == other }) == false
        else { throw Complaint(text: "cannot rename '\(old)': dataset already exists") }
        datasets[owner]?.snapshots[place] = Snapshot(name: other, guid: snapshot.guid, content: snapshot.content)
        for name in datasets.keys where datasets[name]?.origin == old { datasets[name]?.origin = new }
        return ""
    }

    private mutating func destroy(_ name: String) throws(Complaint) -> String {
        let (owner, snapshot) = name.divided(by: "@")
        guard let dataset = datasets[owner],
            snapshot == nil || dataset.snapshots.contains(where: { $0.name == snapshot })
        else {
            throw Complaint(
                text: snapshot == nil
                    ? "cannot open '\(name)': dataset does not exist"
                    : "could not find any snapshots to destroy; check snapshot names.")
        }
        guard let snapshot else {
            guard dataset.snapshots.isEmpty, tree(name).count == 1 else {
                throw Complaint(text: "cannot destroy '\(name)': filesystem has children\nuse '-r' to destroy them")
            }
            datasets[name] = nil
            return ""
        }
        guard !datasets.values.contains(where: { $0.origin == name }) else {
            throw Complaint(text: "cannot destroy '\(name)': snapshot has dependent clones\nuse '-R' to destroy them")
        }
        datasets[owner]?.snapshots.removeAll { $0.name == snapshot }
        return ""
    }

    private mutating func rollBack(to name: String) throws(Complaint) -> String {
        let (owner, snapshot) = name.divided(by: "@")
        guard let place = try dataset(owner).snapshots.firstIndex(where: { $0.name == snapshot }) else {
            throw Complaint(text: "cannot open '\(name)': dataset does not exist")
        }
        datasets[owner]?.snapshots.removeSubrange((place + 1)...)
        return ""
    }

    private mutating func snapshot(_ name: String) throws(Complaint) -> String {
        let (owner, snapshot) = name.divided(by: "@")
        let dataset = try dataset(owner)
        guard let snapshot, !dataset.snapshots.contains(where: { $0.name == snapshot }) else {
            throw Complaint(text: "cannot create snapshot '\(name)': dataset already exists")
        }
        let new = Snapshot(name: snapshot, guid: newGUID(), content: dataset.content)
        datasets[owner]?.snapshots.append(new)
        return ""
    }

    private mutating func mount(_ name: String, _ on: Bool) throws(Complaint) -> String {
        guard try dataset(name).isMounted != on else {
            throw Complaint(
                text: on
                    ? "cannot mount '\(name)': filesystem already mounted"
                    : "cannot unmount '/\(name)': not currently mounted")
        }
        datasets[name]?.isMounted = on
        return ""
    }

    /// Of a stream only its first record counts here (dmu_replay_record, DRR_BEGIN).
    private mutating func receive(_ call: Call, _ stream: [UInt8]) throws(Complaint) -> String {
        guard let target = call.names.first else {
            throw Complaint(text: "usage:\n\treceive [-vnsFhuM] [-o <property>=<value>] <filesystem>", status: 2)
        }
        guard stream.count >= 312 else { throw Complaint(text: "cannot receive: invalid stream (incomplete)") }
        func number(_ place: Int, _ size: Int) -> UInt64 {
            stream[place..<place + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        let (type, guid, base) = (number(32, 4), number(40, 8), number(48, 8))
        let (owner, snapshot) = target.divided(by: "@")
        guard datasets[owner] == nil, let snapshot else {
            throw Complaint(
                text:
                    "cannot receive new filesystem stream: destination '\(owner)' exists\nmust specify -F to overwrite")
        }
        var origin: String?
        if base != 0 {
            origin =
                datasets.lazy.compactMap { name, dataset in
                    dataset.snapshots.first { $0.guid == base }.map { "\(name)@\($0.name)" }
                }.first
            guard origin != nil else {
                throw Complaint(text: "cannot receive incremental stream: most recent snapshot does not match")
            }
        }
        var dataset = Dataset(isVolume: type == 3, origin: origin, guid: newGUID())
        dataset.snapshots = [Snapshot(name: snapshot, guid: guid, content: 0)]
        datasets[owner] = dataset
        return ""
    }
}

extension MemoryPools {
    // MARK: Questions

    /// A dataset or snapshot, for a list.
    private struct Row {
        let name: String
        let dataset: Dataset
        let snapshot: Snapshot?
    }

    private func rows(_ call: Call) throws(Complaint) -> [Row] {
        var rows: [Row] = []
        var missing: [String] = []
        let types = Set((call.options["-t"] ?? "filesystem,volume,snapshot").split(separator: ",").map(String.init))
        for name in call.names.isEmpty ? datasets.keys.sorted() : call.names {
            let (owner, snapshot) = name.divided(by: "@")
            let there = datasets[owner]?.snapshots.first { $0.name == snapshot }
            guard let dataset = datasets[owner], snapshot == nil || there != nil else {
                missing.append("cannot open '\(name)': dataset does not exist")
                continue
            }
            if let there {
                rows.append(Row(name: name, dataset: dataset, snapshot: there))
                continue
            }
            let owners = call.flags.contains("-r") && call.options["-d"] == nil ? tree(owner) : [owner]
            for owner in owners {
                guard let dataset = datasets[owner] else { continue }
                if types.contains(dataset.isVolume ? "volume" : "filesystem") || call.verb == "get" {
                    rows.append(Row(name: owner, dataset: dataset, snapshot: nil))
                }
                guard types.contains("snapshot"), call.flags.contains("-r") else { continue }
                rows += dataset.snapshots.map { Row(name: "\(owner)@\($0.name)", dataset: dataset, snapshot: $0) }
            }
        }
        guard missing.isEmpty else {
            throw Complaint(text: missing.joined(separator: "\n"), output: try text(rows, call))
        }
        return rows
    }

    /// What is printed of rows.
    fileprivate func told(_ call: Call) throws(Complaint) -> String { try text(rows(call), call) }

    private func text(_ rows: [Row], _ call: Call) throws(Complaint) -> String {
        guard call.verb == "list" else { return try properties(rows, call) }
        let columns = (call.options["-o"] ?? "name").split(separator: ",").map(String.init)
        var lines = ""
        for row in rows {
            var cells: [String] = []
            for column in columns { cells.append(try value(column, of: row).value) }
            lines += cells.joined(separator: "\t") + "\n"
        }
        return lines
    }

    private func properties(_ rows: [Row], _ call: Call) throws(Complaint) -> String {
        let columns = (call.options["-o"] ?? "name,property,value,source").split(separator: ",")
        var lines = ""
        for row in rows {
            for property in call.properties {
                let (value, source) = try value(property, of: row)
                let cells = columns.map { column in
                    switch column {
                    case "name": row.name
                    case "property": property
                    case "value": value
                    default: source
                    }
                }
                lines += cells.joined(separator: "\t") + "\n"
            }
        }
        return lines
    }

    private func value(_ property: String, of row: Row) throws(Complaint) -> (value: String, source: String) {
        let dataset = row.dataset
        switch property {
        case "name": return (row.name, "-")
        case "type": return (row.snapshot != nil ? "snapshot" : dataset.isVolume ? "volume" : "filesystem", "-")
        case "origin": return (row.snapshot == nil ? dataset.origin ?? "-" : "-", "-")
        case "guid": return ("\(row.snapshot?.guid ?? dataset.guid)", "-")
        case "mounted": return (dataset.isVolume ? "-" : dataset.isMounted ? "yes" : "no", "-")
        case "canmount": return (dataset.isVolume ? "-" : "on", "default")
        case "quota": return (row.snapshot == nil ? "0" : "-", "default")
        case "available": return ("1073741824", "-")
        case "volsize": return (row.snapshot == nil && dataset.isVolume ? "1048576" : "-", "-")
        case "mountpoint":
            return (
                row.snapshot != nil || dataset.isVolume ? "-" : dataset.properties[property] ?? "/\(row.name)",
                "default"
            )
        case "userrefs": return (row.snapshot == nil ? "-" : "0", "-")
        case "used", "usedbydataset", "usedbysnapshots": return ("1024", "-")
        case "referenced": return ("\(1024 + 512 * (row.snapshot?.content ?? dataset.content))", "-")
        case "creation": return ("1700000000", "-")
        default: break
        }
        if property.hasPrefix("written@"), !isOld {
            let snapshot = dataset.snapshots.first { $0.name == property.dropFirst(8) }
            return (snapshot.map { $0.content == dataset.content ? "0" : "4096" } ?? "-", "-")
        }
        guard property.contains(":") else {
            throw Complaint(text: "bad property list: invalid property '\(property)'", status: 2)
        }
        return (dataset.properties[property] ?? "-", dataset.properties[property] == nil ? "-" : "local")
    }
}

/// The words of a call.
private struct Call {
    let verb: String
    var flags: Set<String> = []
    var options: [String: String] = [:]
    /// Those that `get` is to tell.
    var properties: [String] = []
    var names: [String] = []

    init(_ words: [String]) {
        verb = words.first ?? ""
        var rest = words.dropFirst()
        // `-r` is a flag, and of all that is used here only these have a value.
        while let word = rest.popFirst() {
            if ["-o", "-t", "-d", "-s"].contains(word) {
                options[word] = rest.popFirst()
            } else if word.hasPrefix("-") {
                flags.insert(word)
            } else {
                names.append(word)
            }
        }
        if verb == "get", !names.isEmpty {
            properties = names.removeFirst().split(separator: ",").map(String.init)
        }
    }
}

extension String {
    /// What is before and after the first such character.
    fileprivate func divided(by character: Character) -> (String, String?) {
        guard let place = firstIndex(of: character) else { return (self, nil) }
        return (String(self[..<place]), String(self[index(after: place)...]))
    }
}
