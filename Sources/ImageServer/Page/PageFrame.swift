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
        <header>\(header)</header>
        <main>\(main)</main>
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

    /// - Parameter text: escaped.
    static func copyButton(_ text: String) -> String {
        "<button type=\"button\" class=\"copy\" data-copy=\"\(text)\">Copy</button>"
    }
}
