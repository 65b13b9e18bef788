import JSON

/// A field of a manifest. The cases stand in the order in which servers give the fields out (imgapi.md, section 3).
public enum ManifestField: String, Sendable, CaseIterable {
    case v, uuid, owner, name, version, state, disabled, `public`
    case publishedAt = "published_at"
    case type, os, files, acl, description, homepage, eula, icon, urn, requirements, users
    case generatePasswords = "generate_passwords"
    case inheritedDirectories = "inherited_directories"
    case origin
    case nicDriver = "nic_driver"
    case diskDriver = "disk_driver"
    case cpuType = "cpu_type"
    case imageSize = "image_size"
    case tags
    case billingTags = "billing_tags"
    case traits, error, channels, activated
}

extension ManifestField {
    /// What is to be known of a field beside its rule.
    struct Traits: OptionSet {
        let rawValue: Int
        /// Who imports an image may say null for absent (imgapi.md, section 4).
        static let nullable = Traits(rawValue: 1)
        /// UpdateImage may change it (imgapi.md, section 5).
        static let mutable = Traits(rawValue: 2)
        /// A server does not show it where it is empty (imgapi.md, section 3).
        static let omittedWhenEmpty = Traits(rawValue: 4)
        /// It is known to who keeps the image, and is no field of a manifest that comes from elsewhere.
        static let kept = Traits(rawValue: 8)
    }

    typealias Rule = @Sendable (_ value: JSONValue, _ field: String, _ check: inout ManifestCheck) -> Void

    struct Row: Sendable {
        let name: String
        let traits: Traits
        let rule: Rule

        init(_ field: ManifestField, _ traits: Traits, _ rule: @escaping Rule) {
            name = field.rawValue
            self.traits = traits
            self.rule = rule
        }

        init(_ field: ManifestField, _ rule: @escaping Rule) { self.init(field, [], rule) }
    }

    /// All fields.
    static let names = names { _ in true }
    /// The fields that an image may come with.
    public static let importable = names { !$0.contains(.kept) }
    public static let nullable = names { $0.contains(.nullable) }
    public static let mutable = names { $0.contains(.mutable) }
    static let omittedWhenEmpty = names { $0.contains(.omittedWhenEmpty) }

    private static func names(where fits: (Traits) -> Bool) -> Set<String> {
        Set(table.filter { fits($0.traits) }.map(\.name))
    }

    /// One row of the table in manifest.md ("Validation") each, and in its order.
    static let table: [Row] = [
        Row(.v) { value, field, check in
            check.require(
                value.lenientInt.map { $0 >= 0 } ?? ((value.doubleValue ?? -1) >= 0), field, "not a non-negative number"
            )
        },
        Row(.uuid, isUUID),
        Row(.owner, .mutable, isUUID),
        Row(.origin, isUUID),
        Row(.name, .mutable) { value, field, check in check.text(value, field, of: isNameByte, atMost: 1024) },
        Row(.version, .mutable) { value, field, check in check.text(value.asText, field, of: isVersionByte, atMost: 512)
        },
        Row(.description, [.nullable, .mutable, .omittedWhenEmpty]) { value, field, check in
            check.text(value, field, atMost: 10 << 10)
        },
        Row(.homepage, [.nullable, .mutable, .omittedWhenEmpty]) { value, field, check in check.url(value, field) },
        Row(.eula, [.nullable, .mutable, .omittedWhenEmpty]) { value, field, check in check.url(value, field) },
        Row(.disabled, .nullable, isFlag),
        Row(.activated, .kept, isFlag),
        Row(.public, [.nullable, .mutable], isFlag),
        Row(.icon, .nullable, isFlag),
        Row(.generatePasswords, .mutable, isFlag),
        Row(.publishedAt) { value, field, check in check.date(value, field) },
        Row(.state, .nullable) { value, field, check in
            check.oneOf(ImageState.allCases.map(\.rawValue), value, field, "image state")
        },
        Row(.type) { value, field, check in
            check.kind(ImageType.allCases.map(\.rawValue), value, field, "image type")
        },
        Row(.os, .mutable) { value, field, check in
            check.kind(ImageOS.allCases.map(\.rawValue), value, field, "image os")
        },
        Row(.files, .nullable) { value, field, check in check.files(value, field) },
        Row(.nicDriver, .mutable, isString),
        Row(.diskDriver, .mutable, isString),
        Row(.cpuType, .mutable, isString),
        Row(.imageSize, .mutable) { value, field, check in
            check.require((value.lenientInt ?? 0) > 0, field, "not a positive integer")
        },
        Row(.acl, [.mutable, .omittedWhenEmpty]) { value, field, check in
            check.elements(value, field) { $0.stringValue.flatMap { ImageUUID($0) } != nil }
        },
        Row(.requirements, .mutable) { value, field, check in check.requirements(value, field) },
        Row(.users, .mutable) { value, field, check in check.elements(value, field) { $0.hasStrings(["name"]) } },
        Row(.billingTags, [.nullable, .mutable, .omittedWhenEmpty]) { value, field, check in
            check.elements(value, field) { ($0.stringValue?.utf16.count ?? .max) <= 128 }
        },
        Row(.traits, [.mutable, .omittedWhenEmpty]) { value, field, check in check.traits(value, field) },
        Row(.tags, .mutable) { value, field, check in check.tags(value, field) },
        Row(.inheritedDirectories, .mutable, areStrings),
        Row(.urn, isString),
        Row(.channels, [.nullable, .mutable], areStrings),
        Row(.error, .nullable) { _, _, _ in },
    ]

    private static let isUUID: Rule = { value, field, check in
        check.require(value.stringValue.flatMap { ImageUUID($0) } != nil, field, "not a UUID")
    }
    private static let isFlag: Rule = { value, field, check in
        check.require(value.boolValue != nil || value == "true" || value == "false", field, "not a boolean")
    }
    private static let isString: Rule = { value, field, check in
        check.require(value.stringValue != nil, field, "not a string")
    }
    private static let areStrings: Rule = { value, field, check in
        check.elements(value, field) { $0.stringValue != nil }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool { isWordByte(byte) || byte == UInt8(ascii: " ") }
    private static func isVersionByte(_ byte: UInt8) -> Bool { isWordByte(byte) || byte == UInt8(ascii: "+") }

    /// A letter, a digit, or one of `. _ / -`.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "-")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true  // "-", ".", "/" and the digits stand side by side in ASCII
        default: false
        }
    }
}
