import Failure
public import Host
public import ImageModel
public import JSON

/// All that making images asks of the host's VM manager (create.md, "The VM").
public protocol MachineManager: Sendable {
    /// - Throws: `VmNotFound`.
    func machine(_ uuid: ImageUUID) async throws -> Machine

    func start(_ uuid: ImageUUID) async throws

    /// - Parameter force: without asking the system inside.
    func stop(_ uuid: ImageUUID, force: Bool) async throws

    /// Sets and removes metadata.
    func update(_ uuid: ImageUUID, _ change: MetadataChange) async throws
}

/// What is to be different about a VM's metadata.
public struct MetadataChange: Sendable, Hashable {
    public var setInternal: JSONObject = [:]
    public var removeInternal: [String] = []
    public var setCustomer: JSONObject = [:]
    public var removeCustomer: [String] = []

    public init() {}

    public var isEmpty: Bool {
        setInternal.isEmpty && removeInternal.isEmpty && setCustomer.isEmpty && removeCustomer.isEmpty
    }

    /// As `vmadm update` takes it.
    public var json: JSONObject {
        var json: JSONObject = [:]
        func names(_ list: [String]) -> JSONValue { .array(list.map { .string($0) }) }
        if !setInternal.isEmpty { json["set_internal_metadata"] = .object(setInternal) }
        if !removeInternal.isEmpty { json["remove_internal_metadata"] = names(removeInternal) }
        if !setCustomer.isEmpty { json["set_customer_metadata"] = .object(setCustomer) }
        if !removeCustomer.isEmpty { json["remove_customer_metadata"] = names(removeCustomer) }
        return json
    }
}

/// SmartOS: `vmadm`.
public struct Vmadm: MachineManager {
    private let runner: any CommandRunner
    private let patience: Duration

    /// - Parameter patience: how long it may take to answer.
    public init(runner: any CommandRunner, patience: Duration) {
        self.runner = runner
        self.patience = patience
    }

    /// This host has it.
    public static var isPresent: Bool { ExecutableSearch.find("vmadm") != nil }

    public func machine(_ uuid: ImageUUID) async throws -> Machine {
        let command = command("get", [uuid.description])
        let outcome = try await runner.run(command)
        guard outcome.succeeded else {
            let said = outcome.errorText.lowercased()
            // What it says of something else that it has not found is as good as the same.
            guard said.contains("no such zone") || said.contains("not found") || said.contains("unknown vm"),
                try await !isListed(uuid)
            else { throw command.failure(outcome, .vmManager) }
            throw NoSuchMachine("there is no VM \(uuid)", hint: "vmadm list shows what there is")
        }
        let nothing = "\(command) printed nothing that describes VM \(uuid)"
        let json: JSONValue
        do {
            json = try JSONValue(parsing: outcome.output)
        } catch {
            throw Failure(.vmManager, nothing, cause: error)
        }
        guard let machine = Machine(json: json), machine.uuid == uuid else { throw Failure(.vmManager, nothing) }
        return machine
    }

    /// - Throws: `VmManagerError` if the VMs cannot be listed.
    private func isListed(_ uuid: ImageUUID) async throws -> Bool {
        let command = command("list", ["-H", "-o", "uuid"])
        let outcome = try await runner.run(command)
        guard outcome.succeeded else { throw command.failure(outcome, .vmManager) }
        return outcome.lines.contains { ImageUUID($0.filter { !$0.isWhitespace }) == uuid }
    }

    public func start(_ uuid: ImageUUID) async throws { try await run("start", [uuid.description]) }

    public func stop(_ uuid: ImageUUID, force: Bool) async throws {
        try await run("stop", (force ? ["-F"] : []) + [uuid.description])
    }

    public func update(_ uuid: ImageUUID, _ change: MetadataChange) async throws {
        let command = command("update", [uuid.description])
        let text = Array(JSONValue.object(change.json).text().utf8)
        let (outcome, _) = try await runner.feed(command) { input in try unsafe input.write(text.span.bytes) }
        guard outcome.succeeded else { throw command.failure(outcome, .vmManager) }
    }

    private func command(_ verb: String, _ arguments: [String]) -> Command {
        Command("vmadm", [verb] + arguments, limit: patience)
    }

    private func run(_ verb: String, _ arguments: [String]) async throws {
        let command = command(verb, arguments)
        let outcome = try await runner.run(command)
        guard outcome.succeeded else { throw command.failure(outcome, .vmManager) }
    }
}
