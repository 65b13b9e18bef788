import Host
import JSON
import NIOCore
import NIOPosix
import TestHost
import Testing

/// Chromium without a window, driven as W3C WebDriver says.
final class Browser {
    static let isThere = ExecutableSearch.find("chromedriver") != nil && ExecutableSearch.find("chromium") != nil

    private let driver: ServerProcess
    private let client: RunningServer
    private var session = ""

    /// - Parameter width: of its window, in pixels.
    static func with(width: Int, _ body: (Browser) async throws -> Void) async throws {
        let browser = try await Browser()
        try await browser.open(width: width)
        do {
            try await body(browser)
        } catch {
            await browser.close()
            throw error
        }
        await browser.close()
    }

    private init() async throws {
        // What it prints of a port that it chose itself comes when its buffer is full: it is told one that was free.
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        try await channel.close()
        driver = try ServerProcess(["chromedriver", "--port=\(port)"])
        client = RunningServer(port: port)
        for _ in 0..<300 {
            if try await isReady() { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func isReady() async throws -> Bool {
        do {
            return try await send("GET", "/status", "").status == 200
        } catch is NIOConnectionError {
            return false
        }
    }

    private func open(width: Int) async throws {
        let options: JSONValue = [
            "args": .array(
                [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    "--window-size=\(width),900",
                ].map {
                    .string($0)
                })
        ]
        let answer = try await ask(
            "POST", "/session", ["capabilities": ["alwaysMatch": ["goog:chromeOptions": options]]])
        session = "/session/" + (try #require(answer["sessionId"]?.stringValue))
    }

    private func close() async {
        // It ends with its driver at the latest.
        _ = try? await send("DELETE", session, "")
        driver.kill()
    }

    func go(_ url: String) async throws {
        _ = try await ask("POST", session + "/url", ["url": .string(url)])
    }

    /// What a script gives back.
    @discardableResult func run(_ script: String) async throws -> JSONValue {
        try await ask("POST", session + "/execute/sync", ["script": .string(script), "args": []])
    }

    /// Waits until an expression is true.
    func wait(until expression: String) async throws {
        for _ in 0..<300 {
            if try await run("return Boolean(\(expression))") == true { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("\(expression) does not come true; the page: \(try await run("return document.body.innerText"))")
    }

    func type(_ text: String, into selector: String) async throws {
        let element = try await ask(
            "POST", session + "/element", ["using": "css selector", "value": .string(selector)])
        let id = try #require(element.objectValue.map(Array.init)?.first?.value.stringValue)
        _ = try await ask("POST", session + "/element/\(id)/value", ["text": .string(text)])
    }

    func click(_ selector: String) async throws {
        let element = try await ask(
            "POST", session + "/element", ["using": "css selector", "value": .string(selector)])
        let id = try #require(element.objectValue.map(Array.init)?.first?.value.stringValue)
        _ = try await ask("POST", session + "/element/\(id)/click", [:])
    }

    private func ask(_ method: String, _ path: String, _ body: JSONValue) async throws -> JSONValue {
        let reply = try await send(method, path, body.text())
        try #require(reply.status == 200, "\(method) \(path): \(reply.text.prefix(1000))")
        return try #require(reply.json?["value"])
    }

    /// One request. The driver does not close a connection, whatever it is asked.
    private func send(_ method: String, _ path: String, _ body: String) async throws -> Reply {
        try await client.connect().executeThenClose { inbound, outbound in
            let head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            try await outbound.write(ByteBuffer(string: head + body))
            var bytes: [UInt8] = []
            for try await part in inbound {
                bytes += Array(buffer: part)
                let reply = Reply(bytes)
                if let length = reply.headers["content-length"].flatMap({ Int($0) }), reply.body.count >= length {
                    break
                }
            }
            return Reply(bytes)
        }
    }
}
