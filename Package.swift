// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// ISA-L inflates twice as fast as zlib, but not every distribution has it:
/// without its header, gzip goes through zlib alone.
let hasISAL = ["/usr/include/isa-l/igzip_lib.h", "/usr/include/isa-l.h"]
    .contains { FileManager.default.fileExists(atPath: $0) }

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// A module of the house (see docs/architecture.md): it may use only modules above it.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], defines: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + defines)
}

/// One that goes over every byte of an image. It is optimized in debug builds, too, where such code takes ten times as long: half
/// of what the tests take was that.
func byteModule(_ name: String, _ dependencies: [Target.Dependency] = [], defines: [SwiftSetting] = []) -> Target {
    module(name, dependencies, defines: defines + [.unsafeFlags(["-O"], .when(configuration: .debug))])
}

/// Tests of what is optimized (`make test`) are not optimized themselves: that would take longer than it saves.
let quicklyCompiled: SwiftSetting = .unsafeFlags(["-Onone"], .when(configuration: .release))

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict + [quicklyCompiled])
}

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1: Target.Dependency = .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")

let package = Package(
    name: "imgadm",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "imgadm", targets: ["imgadm"]),
        .executable(name: "imgapi-server", targets: ["imgapi-server"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.0.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    ],
    targets: [
        // C libraries of the system, and what Swift cannot import from C by itself
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CBZip2", providers: [.apt(["libbz2-dev"])]),
        .systemLibrary(name: "CLZMA", providers: [.apt(["liblzma-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CDeflate", providers: [.apt(["libdeflate-dev"])]),
        .target(name: "CHost"),

        byteModule("RawBytes"),
        module("JSON"),
        module("Failure"),
        module("Time", ["CHost"]),
        module("ImageModel", ["RawBytes", "JSON", "Failure", crypto]),
        byteModule("Compression", compressionDependencies, defines: hasISAL ? [.define("ISAL")] : []),
        byteModule("Tar"),
        byteModule("DiskImage", ["RawBytes", "Compression", "Tar", "CDeflate", "CZstd", crypto]),
        byteModule("SendStream", ["RawBytes", "CZlib", "CZstd", crypto]),
        module("Layers", ["Tar", "CHost", system]),
        module("Host", ["JSON", "Failure", "Time", "CHost", log, system, subprocess]),
        module("ZFS", ["Failure", "Time", "Host", log, system]),
        module("VirtualMachines", ["JSON", "Failure", "Time", "ImageModel", "Host", "ZFS", system]),
        module("Transport", ["RawBytes", "Failure", "Time", log, httpClient, nioCore, nioPosix, nioHTTP1, nioSSL]),
        module(
            "IMGAPI",
            ["JSON", "Failure", "Time", "ImageModel", "Transport", "Host", crypto, cryptoExtras, system]),
        module("Simplestreams", ["JSON", "Failure", "ImageModel"]),
        module("OCIRegistry", ["JSON", "Failure", "Time", "ImageModel", "Transport", log, nioCore]),
        module(
            "ImageCatalog",
            [
                "RawBytes", "JSON", "Failure", "Time", "ImageModel", "Host", "Transport", "OCIRegistry", log, crypto,
                system, nioCore, nioPosix,
            ]),
        module(
            "ImageStore",
            [
                "JSON", "Failure", "Time", "ImageModel", "Compression", "Tar", "DiskImage", "SendStream", "Layers",
                "Host",
                "ZFS",
                "VirtualMachines", log, crypto, system,
            ]),
        module(
            "ImageSource",
            [
                "JSON", "Failure", "Time", "ImageModel", "Compression", "Host", "Transport", "IMGAPI", "OCIRegistry",
                "Simplestreams", log,
                system,
                nioCore,
            ]),
        module(
            "HostConfig",
            ["JSON", "Failure", "ImageModel", "Host", "Transport", "ImageSource", "OCIRegistry", log, system]),
        module(
            "ImageTool",
            [
                "RawBytes", "HostConfig", "JSON", "Failure", "Time", "ImageModel", "Host", "Transport", "OCIRegistry",
                "ImageCatalog",
                "ImageStore", "ImageSource", "IMGAPI", "ZFS", "VirtualMachines", "Compression", "Tar", "SendStream",
                "DiskImage",
                "Layers", log,
                crypto, system, nioCore,
            ]),
        module("Terminal", ["CHost", "JSON"]),
        module(
            "ImgadmCommands",
            [
                "HostConfig", "JSON", "Failure", "Time", "ImageModel", "Host", "ZFS", "VirtualMachines", "Transport",
                "ImageStore", "ImageSource", "IMGAPI", "Compression", "ImageTool", "Terminal", log, system,
                argumentParser,
            ]),
        .executableTarget(name: "imgadm", dependencies: ["ImgadmCommands"], swiftSettings: strict),

        module(
            "ImageServer",
            [
                "RawBytes", "JSON", "Failure", "Time", "ImageModel", "ImageCatalog", "Compression", "Host", "Transport",
                "IMGAPI", log, crypto, system, httpTypes, nioCore, nioPosix, nioHTTP1, nioSSL, nioHTTPTypes,
                nioHTTPTypesHTTP1, lifecycle, hummingbird, hummingbirdCore, hummingbirdTLS,
            ]),
        module("ImageMirror", ["JSON", "Failure", "ImageModel", "Transport", "IMGAPI", "ImageCatalog", nioCore]),
        .executableTarget(
            name: "imgapi-server",
            dependencies: [
                "ImageCatalog", "ImageServer", "ImageMirror", "IMGAPI", "OCIRegistry", "HostConfig", "Transport",
                "JSON", "Failure", "Terminal",
                "ImageModel", "Host", log, system, argumentParser,
            ],
            swiftSettings: strict),

        // What tests need of a host: pools, images, servers, faults.
        .target(
            name: "TestHost", dependencies: ["JSON", "Host", log, system, nioCore, nioPosix, crypto],
            path: "Tests/TestHost",
            swiftSettings: [.swiftLanguageMode(.v6)]),
        // These and the next run the programs, which `swift build --build-tests` builds, too: as dependencies they would be waited for.
        tests("ImgadmTests", ["TestHost", "JSON", "Host", "ImageModel", system]),
        tests("RawBytesTests", ["RawBytes"]),
        tests("JSONTests", ["JSON"]),
        // A clock on which no second is a real one.
        .target(
            name: "TestClock", dependencies: ["Time"], path: "Tests/TestClock",
            swiftSettings: [.swiftLanguageMode(.v6)]),
        tests("TimeTests", ["Time", "TestClock"]),
        // A ZFS in memory, and hosts on it.
        .target(
            name: "TestPools",
            dependencies: [
                "RawBytes", "JSON", "Failure", "ImageModel", "SendStream", "Host", "ZFS", "VirtualMachines",
                "ImageStore",
                "TestClock", "TestHost", log, system, crypto,
            ],
            path: "Tests/TestPools", swiftSettings: strict),
        tests("ZFSTests", ["ZFS", "Failure", "Time", "TestClock", "Host", log, system]),
        tests(
            "ImageStoreTests",
            [
                "ImageStore", "ZFS", "ImageModel", "Failure", "Host", "TestPools", "TestHost", system,
            ]),
        tests(
            "IMGAPITests",
            [
                "IMGAPI", "ImageModel", "Failure", "Host", "Transport", "TestClock", "TestHost", log, system, nioCore,
            ]),
        tests(
            "ImageToolTests",
            [
                "ImageTool", "ImageSource", "ImageStore", "HostConfig", "Transport", "OCIRegistry", "ImageModel",
                "Compression", "Failure", "JSON",
                "Host", "ZFS", "SendStream", "Tar", "Time", "VirtualMachines", "TestArchives", "TestPools", "TestClock",
                "TestHost", system, nioCore,
            ]),
        tests("ImgadmCommandsTests", ["ImgadmCommands", "ImageModel", "JSON", "Failure", "Terminal", argumentParser]),
        tests("VirtualMachinesTests", ["VirtualMachines", "ImageModel", "ZFS", "JSON", "Failure", "Host"]),
        tests(
            "HostConfigTests",
            [
                "HostConfig", "ImageSource", "OCIRegistry", "Failure", "Host", "JSON", "TestHost", log, system,
            ]),
        tests("TransportTests", ["Transport", "Failure", "Time", "TestClock", log, nioCore]),
        tests(
            "ClientTests",
            [
                "Transport", "IMGAPI", "OCIRegistry", "ImageModel", "Failure", log, nioCore, nioPosix,
            ]),
        tests("ImageSourceTests", ["ImageSource", "ImageModel", "Time"]),
        tests(
            "OCIRegistryTests",
            ["OCIRegistry", "ImageModel", "JSON", "Failure", "Transport", "TestClock", log, nioCore]),
        tests("SimplestreamsTests", ["Simplestreams", "ImageModel", "JSON", "Failure"]),
        tests("ImageModelTests", ["RawBytes", "ImageModel", "JSON", "Failure"]),
        tests("CompressionTests", ["Compression"]),
        .target(name: "TestArchives", path: "Tests/TestArchives", swiftSettings: [.swiftLanguageMode(.v6)]),
        tests("TarTests", ["Tar", "TestArchives"]),
        tests("DiskImageTests", ["Compression", "DiskImage", "TestHost"]),
        // Drives SendStream in the machine with OpenZFS (Tests/OpenZFS/cases/send-streams.sh).
        .executableTarget(
            name: "volume-stream", dependencies: ["SendStream", system], path: "Tests/VolumeStream",
            swiftSettings: [.swiftLanguageMode(.v6)]),
        tests("SendStreamTests", ["SendStream", "TestHost", "CZlib", "CZstd", system]),
        .testTarget(
            name: "LayersTests", dependencies: ["Layers", "Tar", "TestArchives", system],
            swiftSettings: [.swiftLanguageMode(.v6), quicklyCompiled]),
        tests(
            "ImageServerTests",
            [
                "RawBytes", "ImageCatalog", "ImageServer", "ImageModel", "JSON", "Failure", "Time", "Host",
                "OCIRegistry", "Transport",
                "TestHost",
                log, system, nioCore, nioPosix, crypto,
            ]),
        tests(
            "ImageMirrorTests",
            [
                "RawBytes", "ImageMirror", "ImageCatalog", "IMGAPI", "ImageModel", "JSON", "Failure", "Host",
                "Transport", "TestClock",
                "TestHost", log, nioCore, crypto, system,
            ]),
        tests("TerminalTests", ["Terminal"]),
        tests("HostTests", ["Host", "CHost", "Failure", "TestHost", "Time", log, system]),
    ]
)

var compressionDependencies: [Target.Dependency] {
    ["CZlib", "CBZip2", "CLZMA", "CZstd", "CDeflate"] + (hasISAL ? ["CISAL"] : [])
}
if hasISAL {
    package.targets.append(.systemLibrary(name: "CISAL", providers: [.apt(["libisal-dev"])]))
}
