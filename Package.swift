// swift-tools-version: 6.2

import PackageDescription

/// Whether `tools/fuzz/fuzz` builds: then what is tested is compiled for libFuzzer and the address sanitizer, the fuzzer
/// is a product, and there is nothing else that needs the fuzz targets. `coverage` adds a counter to every line.
let isFuzzing = Context.environment["BRISTLECONE_FUZZ"] != nil
let countsLines = Context.environment["BRISTLECONE_FUZZ"] == "coverage"
let fuzzFlags =
    ["-sanitize=fuzzer,address", "-enable-testing", "-parse-as-library"]
    + (countsLines ? ["-profile-generate", "-profile-coverage-mapping"] : [])

/// What every target of this package is compiled with.
let house: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
    ] + (isFuzzing ? [.unsafeFlags(fuzzFlags)] : [])

/// What the fuzz targets look at.
let fuzzed: [Target.Dependency] = [
    "Archive", "Bristlecone", "Console", "DHTCore", "HTTPAPI", "IPv8", "Kademlia", "Maintenance",
]

/// The fuzz targets: a part of the tests, which replay what the fuzzer has found, or a library of the fuzzer's.
let fuzzing: [Target] =
    isFuzzing
    ? [
        .target(name: "FuzzTargets", dependencies: fuzzed, path: "tools/fuzz/Targets", swiftSettings: house),
        .executableTarget(
            name: "Fuzzer", dependencies: ["FuzzTargets"], path: "tools/fuzz/Driver", swiftSettings: house,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"] + (countsLines ? ["-profile-generate"] : []))]),
    ]
    : [
        .testTarget(
            name: "FuzzTests", dependencies: fuzzed, path: "tools/fuzz",
            exclude: [
                "Driver", "WireOracle", "corpora", "regressions", "corpus.py", "seeds.py", "fuzz", "file.dict",
                "wire.dict",
            ],
            sources: ["Targets", "Replay"],
            swiftSettings: house)
    ]

let package = Package(
    name: "bristlecone",
    products: [
        .library(name: "Bristlecone", targets: ["Bristlecone", "IPv8", "Kademlia", "PrometheusText"]),
        .executable(name: "bristlecone", targets: ["BristleconeCLI"]),
        .executable(name: "bristlecone-dump", targets: ["BristleconeDump"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // Without its traits it links neither the whole of Foundation nor swift-configuration.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),

        .target(name: "SplitMix", swiftSettings: house),
        .target(
            name: "Platform",
            dependencies: ["CLinux", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: house),
        .target(name: "IPv8", dependencies: ["CSodium", "CLibcrypto"], swiftSettings: house),
        .target(name: "Kademlia", dependencies: ["IPv8"], swiftSettings: house),
        .target(name: "Maintenance", dependencies: ["IPv8"], swiftSettings: house),
        .target(
            name: "DHTCore",
            dependencies: [
                "IPv8", "Kademlia", "Maintenance",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: house),
        .target(
            name: "Migrations",
            dependencies: [.product(name: "GRDB", package: "GRDB.swift")],
            path: "migrations",
            resources: [.embedInCode("sql")],
            swiftSettings: house),
        .target(
            name: "Archive",
            dependencies: [
                "IPv8", "Maintenance", "Migrations", "Platform", "CLMDB",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: house),
        .target(
            name: "Console",
            dependencies: ["IPv8", "Platform", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: house),
        .target(
            name: "PrometheusText",
            dependencies: [.product(name: "CoreMetrics", package: "swift-metrics")],
            swiftSettings: house),
        .target(
            name: "Bristlecone",
            dependencies: [
                "IPv8", "Kademlia", "Maintenance", "DHTCore", "Archive", "Console", "Platform", "PrometheusText",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: house),
        .target(
            name: "HTTPAPI",
            dependencies: [
                "Bristlecone", "Console", "IPv8", "Kademlia", "Platform", "PrometheusText",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            resources: [.embedInCode("StatusPage/web")], swiftSettings: house),
        .target(
            name: "Simulation",
            dependencies: [
                "DHTCore", "Kademlia", "Maintenance", "SplitMix",
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: house),
        .executableTarget(
            name: "BristleconeCLI",
            dependencies: [
                "Bristlecone", "Console", "HTTPAPI", "IPv8", "Kademlia", "Platform",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house),

        .executableTarget(
            name: "BristleconeDump",
            dependencies: [
                "Archive", "Console", "IPv8", "Kademlia", "Maintenance", "Platform",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "tools/dump", swiftSettings: house),
        // What another program does with the library. A target of this package, since a package of its own would build all
        // dependencies once more; it has none of the house's settings, as another program has not.
        .executableTarget(name: "Notes", dependencies: ["Bristlecone", "IPv8"], path: "Examples/Notes"),
        .executableTarget(
            name: "ArchiveBench", dependencies: ["Archive", "IPv8", "SplitMix", "CLMDB"],
            path: "tools/benchmark/ArchiveBench", swiftSettings: house),
        .executableTarget(
            name: "CoreBench", dependencies: ["DHTCore", "IPv8", "Kademlia", "Maintenance"],
            path: "tools/benchmark/CoreBench", swiftSettings: house),
        .executableTarget(
            name: "BenchLoad", dependencies: ["IPv8", "SplitMix"], path: "tools/benchmark/BenchLoad",
            swiftSettings: house),
        .executableTarget(
            name: "Simulate",
            dependencies: [
                "Simulation", "DHTCore", "IPv8", "Kademlia", "Maintenance",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "tools/simulate", exclude: ["plot.py", "digests.txt"], swiftSettings: house),
        .executableTarget(
            name: "WireOracle", dependencies: ["IPv8"], path: "tools/fuzz/WireOracle", swiftSettings: house),
        .executableTarget(
            name: "ArchiveWriter", dependencies: ["Archive", "IPv8", "SplitMix"],
            path: "Tests/Crash/ArchiveWriter", swiftSettings: house),
        .executableTarget(
            name: "SampleArchive", dependencies: ["Archive", "IPv8", "Maintenance"],
            path: "Tests/Dump/SampleArchive", swiftSettings: house),

        .target(name: "TestSupport", path: "Tests/Support", swiftSettings: house),
        .testTarget(
            name: "IPv8Tests", dependencies: ["IPv8"],
            resources: [.copy("Fixtures")], swiftSettings: house),
        .testTarget(
            name: "PlatformTests",
            dependencies: ["Platform", .product(name: "SystemPackage", package: "swift-system")], swiftSettings: house),
        .testTarget(
            name: "PrometheusTextTests",
            dependencies: ["PrometheusText", .product(name: "CoreMetrics", package: "swift-metrics")],
            swiftSettings: house),
        .testTarget(name: "KademliaTests", dependencies: ["IPv8", "Kademlia"], swiftSettings: house),
        .testTarget(name: "MaintenanceTests", dependencies: ["IPv8", "Maintenance"], swiftSettings: house),
        .testTarget(
            name: "DHTCoreTests", dependencies: ["DHTCore", "Kademlia", "Maintenance", "Simulation"],
            swiftSettings: house),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["Simulation", "Archive", "DHTCore", "IPv8", "Kademlia", "Maintenance"],
            swiftSettings: house),
        .testTarget(
            name: "ArchiveTests",
            dependencies: [
                "Archive", "IPv8", "Maintenance", "Migrations", "Platform", "SplitMix",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            resources: [.copy("Fixtures")], swiftSettings: house),
        .testTarget(
            name: "BristleconeTests",
            dependencies: [
                "Archive", "Bristlecone", "Console", "DHTCore", "IPv8", "Kademlia", "Maintenance", "Platform",
                "PrometheusText", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: house),
        .testTarget(
            name: "HTTPAPITests",
            dependencies: [
                "HTTPAPI", "Bristlecone", "Console", "IPv8", "Platform", "SplitMix", "TestSupport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: house),
        .testTarget(
            name: "BristleconeCLITests",
            dependencies: [
                "BristleconeCLI", "Bristlecone", "Console", "HTTPAPI", "IPv8", "Kademlia", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
    ] + fuzzing
)
