import JSON

extension ManifestCheck {
    /// `requirements`: only members we know, each by its rule.
    mutating func requirements(_ value: JSONValue, _ field: String) {
        guard let requirements = value.objectValue else { return invalid(field, "not an object") }
        for (name, value) in requirements {
            let member = "\(field).\(name)"
            switch name {
            case "networks": elements(value, member) { $0.hasStrings(["name", "description"]) }
            case "brand": require(value.stringValue != nil, member, "not a string")
            case "ssh_key": require(value.boolValue != nil, member, "not a boolean")
            case "min_ram", "max_ram": require((value.intValue ?? -1) >= 0, member, "not a size in MiB")
            case "min_platform", "max_platform": platform(value, member)
            case "bootrom": bootrom(value, member, brand: requirements["brand"])
            default: invalid(member, "unsupported requirement \"\(name)\"")
            }
        }
        if let least = requirements["min_ram"]?.intValue, let most = requirements["max_ram"]?.intValue {
            require(least <= most, "\(field).max_ram", "less than min_ram")
        }
    }

    private mutating func bootrom(_ value: JSONValue, _ field: String, brand: JSONValue?) {
        oneOf(["bios", "uefi"], value, field, "bootrom")
        require(brand == "bhyve", field, "only for the brand bhyve")
    }

    /// SDC versions (`7.0`) with a platform stamp (`20141030T081701Z`) each.
    private mutating func platform(_ value: JSONValue, _ field: String) {
        guard let platforms = value.objectValue, !platforms.isEmpty else {
            return invalid(field, "not an object of at least one SDC version and its platform stamp")
        }
        // The reference's own `create` wrote "undefined" for a version: such a member asks for nothing.
        for (version, stamp) in platforms where Self.isVersion(version) {
            require(
                stamp.stringValue.map(Self.isStamp) ?? false, "\(field).\(version)",
                "not a platform stamp of the form YYYYMMDDTHHMMSSZ")
        }
    }

    /// Numbers with points between them.
    static func isVersion(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } }
    }

    /// A moment not before 2012, when platforms got their stamps (imgapi.md, section 4).
    private static func isStamp(_ text: String) -> Bool {
        guard text.fits("00000000T000000Z") else { return false }
        let digits = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int { range.reduce(0) { $0 * 10 + Int(digits[$1] - UInt8(ascii: "0")) } }
        return number(0..<4) >= 2012 && (1...12).contains(number(4..<6)) && (1...31).contains(number(6..<8))
            && number(9..<11) <= 23 && number(11..<13) <= 59 && number(13..<15) <= 59
    }
}
