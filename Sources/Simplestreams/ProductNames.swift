import ImageModel

/// The names by which a product is asked for.
///
/// Its own are those of its list, as `debian/trixie/cloud,debian/13/cloud`; the words that Ubuntu's lists have, as
/// `noble,24.04`, count with `ubuntu/` before them, too. What follows from its fields (`OS/VERSION`, `OS/RELEASE`,
/// `OS/TITLE`, each with `/VARIANT` behind it, which may be missing where it is `default`) is a name where it is no other
/// product's own.
struct ProductNames: Sendable {
    /// In lower case, as all are compared.
    let own: [String]
    let implied: [String]
    /// What tables show, spelled as in the list: that of the version's number if there is one, since people know that.
    let shown: String

    /// More is left out: a product has four, or ten.
    static let mostAliases = 64

    init(product: String, aliases: String?, fields: ProductFields, _ remarks: inout Remarks) {
        let os = fields.os.lowercased()
        var stated: [String] = []
        for alias in (aliases ?? "").split(separator: ",", maxSplits: Self.mostAliases) {
            let alias = alias.drop { $0 == " " }
            guard Self.isName(alias), stated.count < Self.mostAliases else {
                remarks.add("a name of product \(product.prefix(100))", "is no name of an image, or one too many")
                continue
            }
            if !alias.contains("/"), Self.isName(os) { stated.append("\(os)/\(alias)") }
            stated.append(String(alias))
        }
        let variant = fields.variant.lowercased()
        let releases = [fields.version, fields.release, fields.title].map { $0.lowercased() }
        let plain = releases.filter { !$0.isEmpty }.map { "\(os)/\($0)" }
        let withVariant = variant.isEmpty ? [] : plain.map { "\($0)/\(variant)" }
        let implied = (variant.isEmpty || variant == "default" ? plain : []) + withVariant
        own = stated.map { $0.lowercased() }
        self.implied = implied.filter { Self.isName($0) }

        let preferred = self.implied.lazy.compactMap { name in stated.first { $0.lowercased() == name } }.first
        let fallback = product.replacing(":", with: "/")
        shown = preferred ?? stated.first ?? self.implied.first ?? (Self.isName(fallback) ? fallback : "image")
    }

    /// Each once.
    var all: [String] {
        var seen: Set<String> = []
        return (own + implied).filter { seen.insert($0).inserted }
    }

    /// What manifests take for a name, in parts that are neither empty nor lead anywhere.
    static func isName(_ text: some StringProtocol) -> Bool {
        let isAllowed = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || "._/ -".utf8.contains(byte)
        }
        guard isAllowed, (1...200).contains(text.utf8.count) else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && part.first != " " && part.last != " "
        }
    }
}

/// What a product says of itself, as text; empty where it says nothing.
struct ProductFields: Sendable {
    let os: String
    let version: String
    let release: String
    let title: String
    let variant: String

    /// For people: `Debian 13 (trixie) cloud`.
    var description: String {
        let release =
            version.isEmpty ? release : version == release || release.isEmpty ? version : "\(version) (\(release))"
        let parts = [os, title.isEmpty || title == self.release ? release : title, variant == "default" ? "" : variant]
        return parts.filter { !$0.isEmpty }.map { String($0.prefix(100)) }.joined(separator: " ")
    }
}
