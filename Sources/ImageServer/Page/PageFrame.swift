import Crypto
import ImageModel

/// What all pages have in common. They have what they need in themselves, and can be used without their script.
struct PageFrame {
    let title: String
    /// HTML.
    let header: String
    let main: String

    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(HTMLText.escaped(title))</title>
        <style>\(PageStyle.text)</style>
        <a class="skip" href="#main">To the content</a>
        <header>\(header)</header>
        <main id="main">\(main)</main>
        <p id="said" class="off" role="status"></p>
        <script>\(PageScript.text)</script>
        </html>

        """
    }

    /// Nothing but what stands in the page itself, by its digest, icons of this server, and lists that the script asks it for.
    static let contentSecurityPolicy = """
        default-src 'none'; style-src '\(source(PageStyle.text))'; script-src '\(source(PageScript.text))'; img-src 'self'; \
        connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
        """

    private static func source(_ text: String) -> String {
        "sha256-\(Base64.text(Array(SHA256.hash(data: Array(text.utf8)))))"
    }

    /// A line that is to be typed, with a button that copies it where there is a script.
    static func command(_ text: String) -> String {
        let text = HTMLText.escaped(text)
        return "<span class=\"command\"><code>\(text)</code>\(copyButton(text))</span>"
    }

    /// - Parameters:
    ///   - text: escaped.
    ///   - what: what it is, for those who hear the page, where it does not stand before the button.
    static func copyButton(_ text: String, of what: String? = nil) -> String {
        let label = what.map { " aria-label=\"Copy \(HTMLText.escaped($0))\"" } ?? ""
        return "<button type=\"button\" class=\"copy\"\(label) data-copy=\"\(text)\">Copy</button>"
    }

    // MARK: tokens

    /// How the commands of a private server show who asks.
    static let tokenOption = "--token-file TOKEN-FILE"
    static let tokenHeader = "-H \"Authorization: Bearer $(cat TOKEN-FILE)\""
    static let tokenNote =
        "<p class=\"dim\">Only users see images here: TOKEN-FILE has your token, and nobody else may read it (chmod 600).</p>"
}
