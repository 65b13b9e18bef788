import ImageCatalog
import ImageModel
import JSON

/// The page of one image: what it is, what it builds on, and how it is had.
struct ImageDetailPage {
    let image: ServedImage
    let json: JSONValue
    let chain: ImageChain
    let query: PageQuery
    /// The server's URL, as the browser reached it.
    let url: String
    /// Those of its name that were published after it, the newest first, as far as one sees them.
    let newer: [ServedImage]
    /// Only users see images here.
    let isPrivate: Bool

    var html: String {
        PageFrame(title: "\(title) – \(image.uuid)", header: header, main: main).html
    }

    private var title: String {
        [image.name ?? "no name", image.version].compactMap(\.self).joined(separator: " ")
    }

    private var header: String {
        var list = PageQuery()
        list.channel = query.channel
        let name = image.name.map { name in
            var one = list
            one.name = name
            return " / <a href=\"\(HTMLText.escaped(one.path()))\">\(HTMLText.escaped(name))</a>"
        }
        // Of an icon only the bytes tell the type where the manifest does not: what is none is not shown by the browser.
        let icon = image.icon == nil ? "" : "<img src=\"/images/\(image.uuid)/icon\(channelQuery)\" alt=\"\">"
        let badges = [
            image.os, image.type, image.imageState == .active ? nil : image.state, image.isPublic ? nil : "private",
        ]
        .compactMap(\.self).map { "<span class=\"badge\">\(HTMLText.escaped($0))</span>" }.joined()
        return """
            <nav aria-label="Where this is"><a href="\(HTMLText.escaped(list.path()))">All images</a>\(name ?? "")</nav>
            <div class="top">\(icon)<div><h1>\(HTMLText.escaped(title))</h1>\(badges)</div></div>
            \(newerVersions)\
            \(text("description").map { "<p>\(HTMLText.escaped($0))</p>" } ?? "")
            """
    }

    private var newerVersions: String {
        guard let newest = newer.first else { return "" }
        var text = "There is a newer version: \(anchor(newest))"
        if newer.count > 1, let name = image.name {
            var all = PageQuery()
            (all.channel, all.name) = (query.channel, name)
            text +=
                ", and <a href=\"\(HTMLText.escaped(all.path()))\">\(HTMLText.count(newer.count - 1, "more", "more"))</a>"
        }
        return "<p class=\"newer\">\(text).</p>\n"
    }

    private var main: String {
        """
        \(ImageCommands(image, json, url: url, query: channelQuery, isPrivate: isPrivate).html)
        <section><h2>About</h2><dl>\(facts)</dl></section>
        \(chainSection)\(builtOnThis)\
        <section><details><summary>Manifest</summary><pre>\(manifest)</pre>\
        <p><a href="/images/\(image.uuid)\(channelQuery)">As JSON</a></p></details></section>
        """
    }

    private var channelQuery: String {
        query.path(of: "").split(separator: "?").dropFirst().first.map { "?\($0)" } ?? ""
    }

    // MARK: facts

    private var facts: String {
        var facts: [(String, String)] = [("UUID", uuid(image.uuid.description))]
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { facts.append((name, HTMLText.escaped(value))) }
        }
        facts.append(("Published", "<time>\(HTMLText.escaped(image.place.published.text))</time>"))
        if let owner = image.owner, owner != "00000000-0000-0000-0000-000000000000" {
            facts.append(("Owner", uuid(owner)))
        }
        add("State", image.state)
        if let size = image.fileSize.flatMap(HTMLText.size) {
            let exact = HTMLText.grouped(Int(clamping: image.fileSize ?? 0))
            add("File", "\(size) (\(exact) bytes)" + (file("compression").map { ", \($0)" } ?? ""))
        }
        if chain.images.count > 1, let size = HTMLText.size(chain.size) {
            add("With its origins", (chain.isWhole ? "" : "at least ") + size)
        }
        if let mebibytes = json["image_size"]?.lenientText { add("Size of the disk", "\(mebibytes) MiB") }
        for (name, field) in [
            ("sha1", "sha1"), ("sha256", "sha256"), ("Digest", "digest"), ("Snapshot guid", "dataset_guid"),
        ] {
            if let value = file(field) { facts.append((name, "<code>\(HTMLText.escaped(value))</code>")) }
        }
        if !image.channels.isEmpty {
            let links = image.channels.map { name in
                "<a href=\"\(HTMLText.escaped(query.path { $0 = PageQuery(); $0.channel = name }))\">\(HTMLText.escaped(name))</a>"
            }
            facts.append(("Channels", links.joined(separator: " ")))
        }
        if let requirements = json["requirements"]?.objectValue, !requirements.isEmpty {
            var text: [UInt8] = []
            JSONValue.object(requirements).write(to: &text)
            facts.append(("Requirements", "<code>\(HTMLText.escaped(String(decoding: text, as: UTF8.self)))</code>"))
        }
        for (key, value) in image.tags.sorted(by: { $0.key < $1.key }) { add("Tag \(key)", value) }
        if let home = text("homepage") {
            // Only what a browser opens without a second thought is a link.
            let isLink = home.hasPrefix("https://") || home.hasPrefix("http://")
            let shown = HTMLText.escaped(home)
            facts.append(
                ("Home page", isLink ? "<a rel=\"noreferrer nofollow\" href=\"\(shown)\">\(shown)</a>" : shown))
        }
        return facts.map { "<dt>\(HTMLText.escaped($0.0))</dt><dd>\($0.1)</dd>" }.joined()
    }

    private func text(_ field: String) -> String? { json[field]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }

    private func file(_ field: String) -> String? { json["files"]?.arrayValue?.first?[field]?.lenientText }

    private func uuid(_ text: String) -> String { "<span class=\"uuid\">\(HTMLText.escaped(text))</span>" }

    private var manifest: String {
        var bytes: [UInt8] = []
        json.write(to: &bytes, style: .indented(2))
        // Line by line: a break is none of the text within.
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { HTMLText.escaped(String($0)) }
            .joined(separator: "\n")
    }

    // MARK: kin

    private var chainSection: String {
        guard image.origin != nil else { return "" }
        let missing =
            chain.isWhole ? "" : "<li class=\"dim\">\(HTMLText.escaped(chain.missing ?? "")) is not on this server</li>"
        return """
            <section><h2>Builds on</h2><ol class="chain">\(chain.images.dropFirst().map(link).joined())\(missing)</ol></section>
            """
    }

    private var builtOnThis: String {
        guard !chain.dependents.isEmpty else { return "" }
        let shown = chain.dependents.prefix(Self.mostDependents)
        let rest = chain.dependents.count - shown.count
        return """
            <section><h2>Built on this</h2><ul class="chain">\(shown.map(link).joined())\
            \(rest > 0 ? "<li class=\"dim\">and \(HTMLText.grouped(rest)) more</li>" : "")</ul></section>
            """
    }

    private static let mostDependents = 50

    private func link(_ other: ServedImage) -> String {
        let size = other.fileSize.flatMap(HTMLText.size).map { " <span class=\"dim\">\($0)</span>" } ?? ""
        return "<li>\(anchor(other))\(size)</li>"
    }

    private func anchor(_ other: ServedImage) -> String {
        let title = [other.name ?? other.uuid.description, other.version].compactMap(\.self).joined(separator: " ")
        return "<a href=\"\(HTMLText.escaped(query.path(of: other.uuid)))\">\(HTMLText.escaped(title))</a>"
    }
}
