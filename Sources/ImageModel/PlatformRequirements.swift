public import Failure
import JSON

/// The platform a SmartOS host runs.
public struct Platform: Sendable, Hashable {
    /// The SDC version, such as `7.0`.
    public let version: String
    /// The platform image, such as `20141030T081701Z`.
    public let stamp: String

    /// - Parameters:
    ///   - version: `6.5` where the host does not say.
    ///   - stamp: `YYYYMMDDTHHMMSSZ`.
    public init(version: String?, stamp: String) {
        self.version = version ?? "6.5"
        self.stamp = stamp
    }
}

/// What an image asks of the platform it runs on: `requirements.min_platform` and `max_platform`
/// (manifest.md, "Platform requirements"). Versions and stamps compare as plain strings.
public struct PlatformRequirements: Sendable, Hashable {
    /// The lowest stamp for each SDC version.
    public let minimum: [String: String]
    /// The highest stamp for each SDC version.
    public let maximum: [String: String]

    /// What is no string in the manifest, or stands under a name that is no version, asks for nothing.
    public init(_ manifest: Manifest) {
        func stamps(_ field: String) -> [String: String] {
            let members = manifest.requirements[field]?.objectValue?.compactMap { version, stamp in
                ManifestCheck.isVersion(version) ? stamp.stringValue.map { (version, $0) } : nil
            }
            return Dictionary(members ?? [], uniquingKeysWith: { _, last in last })
        }
        minimum = stamps("min_platform")
        maximum = stamps("max_platform")
    }

    public var isEmpty: Bool { minimum.isEmpty && maximum.isEmpty }

    /// Checks a host's platform. Nil stands for a host that is no SmartOS: nothing hinders there, and the
    /// caller says so in its log.
    /// - Throws: `MinPlatform` or `MaxPlatform`.
    public func check(_ platform: Platform?) throws(Failure) {
        guard let platform else { return }
        if let stamp = minimum[platform.version] {
            guard platform.stamp >= stamp else {
                throw Failure(
                    .minPlatform, "image requires platform \(stamp) or later, and this host runs \(platform.stamp)")
            }
        } else if let lowest = minimum.keys.min(), platform.version < lowest {
            throw Failure(
                .minPlatform, "image requires SDC version \(lowest) or later, and this host has \(platform.version)")
        }
        if let stamp = maximum[platform.version] {
            guard platform.stamp <= stamp else {
                throw Failure(
                    .maxPlatform, "image requires platform \(stamp) or earlier, and this host runs \(platform.stamp)")
            }
        } else if let highest = maximum.keys.max(), platform.version > highest {
            throw Failure(
                .maxPlatform, "image requires SDC version \(highest) or earlier, and this host has \(platform.version)")
        }
    }
}
