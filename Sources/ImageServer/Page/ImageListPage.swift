import Failure
import ImageCatalog
import ImageModel

/// The page for people: the active images by their names, with older versions folded away.
struct ImageListPage {
    let groups: ImageGroups
    let query: PageQuery
    let channels: ChannelList?
    /// Whose images are shown; nil where there are no channels, or for those of all.
    let channel: String?
    /// The server's URL, as the browser reached it, and its host.
    let url: String
    let host: String
    /// Only users see images here.
    let isPrivate: Bool

    /// So many of a name are in the list itself.
    private static let versionsInList = 6
    /// So much of a description is.
    private static let charactersOfDescription = 120

    var html: String {
        PageFrame(
            title: query.name.map { "\($0) – images of \(host)" } ?? "Images of \(host)", header: header, main: main
        )
        .html
    }

    // MARK: above the list

    private var header: String {
        let title =
            query.name.map { name in
                """
                <p><a href="\(HTMLText.escaped(query.path { $0.name = nil }))">All images</a></p><h1>\(HTMLText.escaped(name))</h1>
                """
            } ?? "<h1>Images of \(HTMLText.escaped(host))</h1>"
        return """
            \(title)
            \(query.name == nil ? PageFrame.command("imgadm sources -a \(ShellWord.quoted(source))\(token)") : "")
            \(query.name == nil && isPrivate ? PageFrame.tokenNote : "")
            \(channelList)\(search)
            <p id="count" class="dim" role="status">\(count)</p>
            """
    }

    private var token: String { isPrivate ? " \(PageFrame.tokenOption)" : "" }

    private var source: String { url + (channel.map { "?channel=\($0)" } ?? "") }

    private var channelList: String {
        guard let channels else { return "" }
        let links = channels.channels.map { each in
            each.name == channel
                ? "<b aria-current=\"true\">\(HTMLText.escaped(each.name))</b>"
                : "<a href=\"\(HTMLText.escaped(query.path { $0.channel = each.name; $0.page = 1 }))\">\(HTMLText.escaped(each.name))</a>"
        }
        return "<nav class=\"channels\" aria-label=\"Channels\">\(links.joined())</nav>\n"
    }

    private var search: String {
        func hidden(_ name: String, _ value: String?) -> String {
            value.map { "<input type=\"hidden\" name=\"\(name)\" value=\"\(HTMLText.escaped($0))\">" } ?? ""
        }
        return """
            <form role="search" action="/"><input type="search" name="q" aria-label="Search" placeholder="Name, version, description, type, UUID, tag" \
            value="\(HTMLText.escaped(query.search))" autocomplete="off">\(hidden("name", query.name))\
            \(hidden("sort", query.order == .newest ? nil : query.order.rawValue))\(hidden("channel", query.channel))\
            <button>Search</button></form>
            """
    }

    private var count: String {
        if query.words.isEmpty, query.name == nil {
            let names = HTMLText.count(groups.groupCount, "name")
            return groups.imageCount == groups.groupCount
                ? HTMLText.count(groups.imageCount, "image")
                : "\(HTMLText.count(groups.imageCount, "image")) of \(names)"
        }
        return "\(HTMLText.grouped(groups.matchCount)) of \(HTMLText.count(groups.imageCount, "image"))"
            + (query.words.isEmpty ? "" : " match “\(HTMLText.escaped(query.search))”")
    }

    // MARK: the list

    private var main: String {
        guard !groups.groups.isEmpty else {
            return query == all
                ? "<div class=\"list nothing\">No image has been published here yet.</div>"
                : """
                <div class="list nothing"><p>Nothing found.</p><p><a href="\(HTMLText.escaped(all.path()))">Show all images</a></p></div>
                """
        }
        return "<ul class=\"list\">\(titles)\n\(groups.groups.map(group).joined(separator: "\n"))</ul>\(pages)"
    }

    private var all: PageQuery {
        var all = PageQuery()
        all.channel = query.channel
        return all
    }

    private var titles: String {
        func title(_ text: String, _ order: PageQuery.Order) -> String {
            order == query.order
                ? "<b aria-current=\"true\">\(text)<span aria-hidden=\"true\">\(order == .name ? " ↑" : " ↓")</span></b>"
                : "<a href=\"\(HTMLText.escaped(query.path { $0.order = order; $0.page = 1 }))\">\(text)</a>"
        }
        return """
            <li class="row titles">\(title("Name", .name))<span>Version</span><span>Kind</span>\
            \(title("Published", .newest))<span class="size size-title">\(title("Size", .size))</span><span class="get">UUID</span></li>
            """
    }

    private func group(_ group: ImageGroup) -> String {
        guard let newest = group.newest else { return "" }
        let older = group.images.dropFirst()
        var text = "<li class=\"group\">\(row(newest))\(about(newest))"
        if !older.isEmpty {
            let shown = older.prefix(Self.versionsInList)
            let rest = older.count - shown.count
            let path = HTMLText.escaped(
                query.path {
                    $0.name = group.name; $0.page = 1
                })
            text += """
                <details><summary>\(HTMLText.count(older.count, "older version"))</summary>\(shown.map(row).joined(separator: "\n"))\
                \(rest > 0 ? "<p class=\"more\"><a href=\"\(path)\">\(HTMLText.count(rest, "more version")) of \(HTMLText.escaped(group.name ?? ""))</a></p>" : "")\
                </details>
                """
        }
        return text + "</li>"
    }

    private func about(_ image: ServedImage) -> String {
        guard let description = image.description, !description.isEmpty else { return "" }
        let short = HTMLText.beginning(description, characters: Self.charactersOfDescription)
        return "<p class=\"about\">\(HTMLText.escaped(short))</p>"
    }

    private func row(_ image: ServedImage) -> String {
        func text(_ value: String?) -> String { HTMLText.escaped(value ?? "") }
        let name = text(image.name ?? "no name")
        let kind = [image.os, image.type].compactMap(\.self).joined(separator: " · ")
        let size = image.fileSize.flatMap(HTMLText.size) ?? ""
        let date = HTMLText.escaped(String(image.place.published.text.prefix(10)))
        return """
            <div class="row"><a class="name" href="\(HTMLText.escaped(query.path(of: image.uuid)))" title="\(name)">\(name)</a>\
            <span class="version" title="\(text(image.version))">\(text(image.version))</span><span class="kind">\(text(kind))</span>\
            <time>\(date)</time><span class="size">\(size)</span><span class="get"><span class="uuid">\(image.uuid)</span>\
            \(PageFrame.copyButton("imgadm import \(image.uuid)", of: "the import of \([image.name ?? "no name", image.version ?? ""].joined(separator: " "))"))</span></div>
            """
    }

    private var pages: String {
        guard groups.pageCount > 1 else { return "" }
        let page = min(query.page, groups.pageCount)
        func link(_ text: String, _ number: Int) -> String {
            (1...groups.pageCount).contains(number)
                ? "<a href=\"\(HTMLText.escaped(query.path { $0.page = number }))\">\(text)</a>" : "<span></span>"
        }
        return """
            <nav class="pages" aria-label="Pages">\(link("← Previous", page - 1))<span class="dim">Page \(page) of \
            \(groups.pageCount)</span>\(link("Next →", page + 1))</nav>
            """
    }
}
