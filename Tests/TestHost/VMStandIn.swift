import Host
public import JSON
import SystemPackage

/// Stand-ins for `vmadm` and `sysinfo`, which exist on SmartOS alone: VMs are JSON files over real datasets, and to boot one
/// is to run its operator-script in its dataset.
public final class VMStandIn: Sendable {
    private let folder: FilePath

    public init() throws {
        folder = TestFolder.make("vmadm")
        Leftovers.atExit { [folder] in TestFolder.remove(folder) }
        for (name, text) in ["vmadm": VMStandIn.vmadm, "sysinfo": VMStandIn.sysinfo] {
            try Tool.write(text, to: folder.appending("bin").appending(name))
        }
        Leftovers.run(["chmod", "+x", folder.appending("bin/vmadm").string, folder.appending("bin/sysinfo").string])
    }

    deinit {
        // VMs that run.
        Leftovers.run(["pkill", "-9", "-f", folder.string])
        TestFolder.remove(folder)
    }

    /// With which imgadm finds them.
    public var environment: [String: String] {
        [
            "PATH": "\(folder.appending("bin")):\(ProcessEnvironment.variables["PATH"] ?? "")",
            "VMADM_STATE": folder.string, "IMGADM_PREPARE_TIMEOUT": "60",
        ]
    }

    /// Makes a VM known.
    public func add(_ vm: JSONObject) throws {
        let uuid = vm["uuid"]?.stringValue ?? ""
        try Tool.write(JSONValue.object(vm).text(), to: folder.appending("\(uuid).json"))
    }

    public func vm(_ uuid: String) throws -> JSONValue {
        try JSONValue(parsing: try HostFile.read(folder.appending("\(uuid).json")) ?? [])
    }

    /// Has a step go wrong: `get`, `start`, `stop`, `update` or `boot`, and `fail`, `hang`, `nonsense`, `silent` or `crash`;
    /// `unfound` is to fail with words that speak of something else that is not there.
    public func misbehave(_ step: String, _ how: String) throws {
        try Tool.write(how, to: folder.appending("bad-\(step)"))
    }
    public func behave(_ step: String) throws { try HostFile.remove(folder.appending("bad-\(step)")) }

    private static let sysinfo = """
        #!/bin/sh
        echo '{"Live Image": "20260101T000000Z", "SDC Version": "7.0"}'
        """

    private static let vmadm = #"""
        #!/usr/bin/env python3
        import fcntl, json, os, signal, subprocess, sys, time
        state = os.environ["VMADM_STATE"]

        def path(uuid): return f"{state}/{uuid}.json"

        def change(uuid, work):
            with open(f"{state}/lock", "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                with open(path(uuid)) as file: vm = json.load(file)
                work(vm)
                with open(path(uuid) + ".new", "w") as file: json.dump(vm, file)
                os.rename(path(uuid) + ".new", path(uuid))
                return vm

        def bad(step):
            try:
                with open(f"{state}/bad-{step}") as file: how = file.read()
            except FileNotFoundError:
                return ""
            if how == "fail": sys.exit(f"{step} went wrong on purpose")
            if how == "unfound": sys.exit("zoneadmd: door not found")
            if how == "hang": time.sleep(3600)
            if how == "nonsense":
                print("<html>nonsense")
                sys.exit(0)
            return how

        def boot(uuid):
            vm = change(uuid, lambda vm: None)
            how = bad("boot")
            root = subprocess.run(["zfs", "get", "-H", "-o", "value", "mountpoint", vm["zfs_filesystem"]],
                                  capture_output=True, text=True).stdout.strip()
            script = vm.get("internal_metadata", {}).get("operator-script")
            if script and how != "silent":
                tools = f"{state}/tools-{uuid}"
                os.makedirs(tools, exist_ok=True)
                with open(f"{tools}/mdata-put", "w") as file:
                    file.write(f'#!/bin/sh\nexec "{os.path.abspath(__file__)}" put {uuid} "$1" "$2"\n')
                os.chmod(f"{tools}/mdata-put", 0o755)
                with open(f"{tools}/script", "w") as file: file.write(script)
                os.chmod(f"{tools}/script", 0o755)
                env = dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}")
                subprocess.run([f"{tools}/script"], cwd=root, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                if how == "crash": time.sleep(3600)
                change(uuid, lambda vm: vm.update(state="stopped", boot=0))
            else:
                time.sleep(3600)

        verb, arguments = sys.argv[1], sys.argv[2:]
        if verb == "list":
            for name in os.listdir(state):
                if name.endswith(".json"): print(name[:-5])
            sys.exit(0)
        uuid = arguments[-1] if verb != "put" else arguments[0]
        if not os.path.exists(path(uuid)): sys.exit(f"Failed: No such zone: {uuid}")
        if verb == "get":
            bad("get")
            print(json.dumps(change(uuid, lambda vm: None)))
        elif verb == "start":
            bad("start")
            if change(uuid, lambda vm: None)["state"] != "stopped": sys.exit("VM is not stopped")
            change(uuid, lambda vm: vm.update(state="running"))
            pid = os.fork()
            if pid == 0:
                os.setsid()
                null = os.open("/dev/null", os.O_RDWR)
                for fd in (0, 1, 2): os.dup2(null, fd)
                boot(uuid)
                os._exit(0)
            change(uuid, lambda vm: vm.update(boot=pid) if vm["state"] == "running" else None)
        elif verb == "stop":
            bad("stop")
            pid = change(uuid, lambda vm: None).get("boot", 0)
            if pid:
                try: os.killpg(pid, signal.SIGKILL)
                except ProcessLookupError: pass
            change(uuid, lambda vm: vm.update(state="stopped", boot=0))
        elif verb == "update":
            bad("update")
            wanted = json.load(sys.stdin)
            def work(vm):
                for kind in ("internal_metadata", "customer_metadata"):
                    data = vm.setdefault(kind, {})
                    data.update(wanted.get(f"set_{kind}", {}))
                    for key in wanted.get(f"remove_{kind}", []): data.pop(key, None)
            change(uuid, work)
        elif verb == "put":
            change(uuid, lambda vm: vm.setdefault("customer_metadata", {}).update({arguments[1]: arguments[2]}))
        """#
}
