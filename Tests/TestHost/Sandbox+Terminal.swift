import JSON

extension Sandbox {
    /// Runs imgadm on a terminal, and types something at each of what it asks. What it shows is the output, as the terminal has it.
    ///
    /// - Parameter answers: a text that is waited for, and what is typed then.
    public func terminal(
        _ arguments: String..., answers: [(prompt: String, keys: String)], environment extra: [String: String] = [:]
    ) async throws -> Run {
        let request: JSONValue = [
            "words": .array(([Binaries.imgadm] + arguments).map { .string($0) }),
            "answers": .array(answers.map { [.string($0.prompt), .string($0.keys)] }),
        ]
        try write(request.text(), to: "terminal.json")
        try write(
            """
            import json, os, pty, select, signal, sys
            with open(sys.argv[1]) as file: request = json.load(file)
            child, terminal = pty.fork()
            if child == 0: os.execv(request["words"][0], request["words"])
            signal.alarm(600)
            said, at = b"", 0
            def more():
                # Where nothing comes for minutes, nothing was asked: it ends, and what it has shown is told.
                if not select.select([terminal], [], [], 120)[0]:
                    os.kill(child, signal.SIGKILL)
                    return b""
                try: return os.read(terminal, 4096)
                except OSError: return b""
            for prompt, keys in request["answers"]:
                while (place := said.find(prompt.encode(), at)) < 0 and (part := more()): said += part
                if place < 0: break
                at = place + len(prompt.encode())
                os.write(terminal, keys.encode())
            while part := more(): said += part
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            sys.stdout.buffer.write(said)
            sys.stdout.flush()
            os._exit(status if status >= 0 else 128 - status)
            """, to: "terminal.py")
        return try await shell("python3 '\(path("terminal.py"))' '\(path("terminal.json"))'", environment: extra)
    }
}
