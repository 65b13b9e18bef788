import ImageCatalog
import ImageModel
import JSON

/// The page for people: the active images as a table, readable without its script.
struct ImagePage {
    private let images: [ServedImage]
    private let channels: ChannelList?
    private let channel: String?
    /// The server's URL, as the browser reached it.
    private let url: String

    /// - Parameter channel: whose images are shown; nil where there are no channels.
    init(_ catalog: Catalog, channel: String?, url: String) {
        images = catalog.images.filter { image in
            image.imageState == .active && (channel.map { image.channels.contains($0) } ?? true)
        }.reversed()
        channels = catalog.channels
        self.channel = channel
        self.url = url
    }

    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Images</title>
        <style>\(ImagePage.style)</style>
        <header>
        <h1>Images</h1>
        <p>\(images.count) image\(images.count == 1 ? "" : "s"), the newest first. To use this server:
        <code>imgadm sources -a \(ImagePage.escaped(source))</code></p>
        \(channelList)<p id="search" hidden><input type="search" aria-label="Search" placeholder="Search"></p>
        </header>
        <main><table>
        <thead><tr><th>Name<th>Version<th>OS<th>Type<th>Published<th class="size">Size<th>Import</tr></thead>
        <tbody>
        \(images.map(row).joined(separator: "\n"))
        </tbody></table></main>
        <script>\(ImagePage.script)</script>
        </html>

        """
    }

    private var source: String { url + (channel.map { "?channel=\($0)" } ?? "") }

    private var channelList: String {
        guard let channels else { return "" }
        let links = channels.channels.map { each in
            each.name == channel
                ? "<b>\(ImagePage.escaped(each.name))</b>"
                : "<a href=\"/?channel=\(ImagePage.escaped(each.name))\">\(ImagePage.escaped(each.name))</a>"
        }
        return "<nav>Channel: \(links.joined(separator: " "))</nav>\n"
    }

    private func row(_ image: ServedImage) -> String {
        func cell(_ label: String, _ text: String?, _ attributes: String = "") -> String {
            "<td data-label=\"\(label)\"\(attributes)>\(ImagePage.escaped(text ?? ""))"
        }
        let size = image.files.first?.size.map { ImagePage.size($0) }
        return """
            <tr>\(cell("Name", image.name))\(cell("Version", image.version))\(cell("OS", image.os))\(cell("Type", image.type))\
            \(cell("Published", String(image.place.published.text.prefix(10))))\
            \(cell("Size", size, " class=\"size\""))<td data-label="Import"><code>imgadm import \(image.uuid)</code></tr>
            """
    }

    private static func size(_ bytes: Int64) -> String {
        let mebibytes = Double(bytes) / 1_048_576
        let tenths = Int64((mebibytes * 10).rounded())  // bounds: an Int64 through 104,857
        return tenths < 10240
            ? "\(tenths / 10).\(tenths % 10) MiB" : "\(tenths / 10240).\(tenths % 10240 * 10 / 10240) GiB"
    }

    /// Text that is nothing but text wherever it stands.
    static func escaped(_ text: String) -> String {
        // Byte by byte: to Swift, a sign and a combining mark behind it are one character, and another than the sign.
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            // Neither belongs into a page.
            case 0..<0x20, 0x7F: escaped.append(UInt8(ascii: " "))
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    private static let style = """
        :root{color-scheme:light dark;--line:#8884;--dim:#777}
        body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:75rem;padding:1rem}
        h1{margin:0 0 .3rem;font-size:1.4rem}
        p,nav{margin:.4rem 0}
        nav>*{margin-right:.6rem}
        input{font:inherit;width:100%;max-width:24rem;padding:.3rem .5rem;border:1px solid var(--line);border-radius:.3rem}
        table{border-collapse:collapse;width:100%;margin-top:.6rem}
        th{text-align:left;font-weight:600;color:var(--dim)}
        th,td{padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
        .size{text-align:right;white-space:nowrap;padding-right:1.2rem}
        code{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
        button{font:12px system-ui,sans-serif;margin-left:.5rem}
        @media(max-width:45rem){
        thead{display:none}
        tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}
        td{display:block;border:0;padding:.1rem 0;text-align:left!important}
        td::before{content:attr(data-label);display:inline-block;min-width:6rem;color:var(--dim)}
        td[data-label=Name]{font-weight:600}
        }
        """

    private static let script = """
        const search=document.getElementById('search'),rows=[...document.querySelectorAll('tbody tr')];
        search.hidden=false;
        search.firstChild.addEventListener('input',event=>{
        const words=event.target.value.toLowerCase().split(/\\s+/);
        for(const row of rows){const text=row.textContent.toLowerCase();row.hidden=!words.every(word=>text.includes(word))}
        });
        if(navigator.clipboard)for(const code of document.querySelectorAll('code')){
        const button=document.createElement('button');button.type='button';button.textContent='Copy';
        button.addEventListener('click',async()=>{await navigator.clipboard.writeText(code.textContent);button.textContent='Copied'});
        code.after(button)
        }
        """
}
