import ImageModel
import JSON
import Testing

/// The page as a browser shows it, on a phone and on a desk.
@Suite(
    .enabled(if: Browser.isThere, "it takes chromium and chromedriver: make test-page installs them"), .serialized,
    .timeLimit(.minutes(20)))
struct PageInBrowserTests {
    /// Five versions of one name, one of another, and one whose name is long.
    private static func root() throws -> ImageRoot {
        let root = try ImageRoot()
        for number in 1...5 {
            try root.add(
                try #require(ImageUUID("6b6be30a-2b59-4f5b-8b9c-4d61a7d3c20\(number)")),
                [
                    "name": "base", "version": .string("1.\(number)"),
                    "published_at": .string("2024-01-0\(number)T00:00:00Z"),
                    "files": [["sha1": "aa", "size": .number(JSONNumber(number * 1000)), "compression": "gzip"]],
                ])
        }
        try root.add(
            try #require(ImageUUID("7b6be30a-2b59-4f5b-8b9c-4d61a7d3c201")),
            ["name": "web", "published_at": "2025-01-01T00:00:00Z", "tags": ["team": "blue"]])
        try root.add(
            try #require(ImageUUID("7b6be30a-2b59-4f5b-8b9c-4d61a7d3c202")),
            [
                "name": .string(String(repeating: "a-long-name-", count: 12)), "published_at": "2023-01-01T00:00:00Z",
                "files": [["sha1": "aa", "size": 5_000_000_000, "compression": "gzip"]],
            ])
        return root
    }

    private static let names = "[...document.querySelectorAll('.group>.row>.name')].map(each=>each.textContent)"

    @Test(arguments: [390, 800, 1280]) func searchFoldSortAndCopy(width: Int) async throws {
        let root = try Self.root()
        try await RunningServer.serving(root) { server in
            try await Browser.with(width: width) { browser in
                try await browser.go("http://127.0.0.1:\(server.port)/")
                let names = try await browser.run("return \(Self.names).join(' ')").stringValue ?? ""
                #expect(names.hasPrefix("web base a-long"))
                // Nothing is wider than the window, and a script and a style that its policy did not know would do nothing.
                #expect(try await browser.run("return document.documentElement.scrollWidth<=innerWidth") == true)
                #expect(
                    try await browser.run("return getComputedStyle(document.querySelector('.copy')).display") != "none")
                #expect(
                    try await browser.run(
                        "return [...document.querySelectorAll('.uuid,time')].filter(each=>each.offsetHeight).every(each=>each.offsetHeight<30)"
                    ) == true)

                try await browser.click("details>summary")
                #expect(
                    try await browser.run(
                        "return [...document.querySelectorAll('details[open] .version')].map(each=>each.innerText).join()"
                    )
                        == "1.4,1.3,1.2,1.1")

                // A button copies also where the page is no secure context.
                try await browser.run(
                    """
                    Object.defineProperty(navigator,'clipboard',{value:undefined});
                    document.addEventListener('copy',()=>window.copied=document.activeElement.value);
                    """)
                try await browser.click(".group .copy")
                try await browser.wait(until: "document.querySelector('.group .copy').textContent=='Copied'")
                #expect(
                    try await browser.run("return window.copied")
                        == "imgadm import 7b6be30a-2b59-4f5b-8b9c-4d61a7d3c201")

                let left = "document.querySelector('.row .name').getBoundingClientRect().left"
                let before = try await browser.run("return \(left)")
                try await browser.type("BASE 1.", into: "input[name=q]")
                try await browser.wait(until: "\(Self.names)=='base'")
                #expect(try await browser.run("return \(left)") == before)
                #expect(
                    try await browser.run("return document.getElementById('count').textContent")
                        == "5 of 7 images match “BASE 1.”")
                #expect(try await browser.run("return location.search") == "?q=BASE+1.")

                try await browser.type(" nowhere", into: "input[name=q]")
                try await browser.wait(until: "document.querySelector('.nothing')")
                try await browser.click(".nothing a")
                try await browser.wait(until: "\(Self.names).length==3")
                try await browser.click(".titles a[href='/?sort=name']")
                try await browser.wait(until: "location.search=='?sort=name'")
                #expect(try await browser.run("return \(Self.names)[2]") == "web")
                try await browser.click(".group .name")
                try await browser.wait(until: "document.querySelector('h1').textContent.startsWith('a-long-name')")
                #expect(try await browser.run("return document.documentElement.scrollWidth<=innerWidth") == true)
            }
        }
    }
}
