internal import Archive
internal import IPv8
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Platform

/// What a node runs on: one event loop with the sockets, a pool of threads for signatures and reads, one thread that
/// writes the archive, and one each that keeps its index, keeps it in order, copies it, imports dumps, checks it, answers
/// the republisher, reads for listings, and notes what happens.
struct NodeThreads: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let sockets: [AddressFamily: DatagramSocket]
    let workshop: Workshop
    let writer = SerialWorker("writer")
    let index: IndexKeeper
    let copier: Copier
    let importer: Importer
    let scrubber: Scrubber
    let housekeeper: Housekeeper
    let upkeep: RepublishKeeper
    /// Reads for listings. Whoever asks for many does not hold up the overlay.
    let reader = SerialWorker("reader", isBackground: true)
    /// Checks the whole archive if somebody asks for it.
    let verifier = SerialWorker("verifier", isBackground: true)
    let historian: Historian

    init(
        group: MultiThreadedEventLoopGroup, sockets: [AddressFamily: DatagramSocket], archive: Archive,
        key: PrivateKey, settings: NodeSettings, logger: Logger
    ) {
        self.group = group
        self.sockets = sockets
        workshop = Workshop(
            threadCount: settings.threads > 0 ? settings.threads : System.coreCount, key: key, archive: archive,
            sockets: sockets)
        index = IndexKeeper(archive: archive, logger: logger)
        copier = Copier()
        importer = Importer(archive: archive, index: index, writer: writer)
        historian = Historian(
            archive: archive, pinRound: settings.upkeep.ofArchive.interval, logger: logger)
        scrubber = Scrubber(
            archive: archive, recordsPerSecond: settings.scrubRate, historian: historian, logger: logger)
        housekeeper = Housekeeper(archive: archive, index: index, logger: logger)
        upkeep = RepublishKeeper(archive: archive, logger: logger)
    }

    /// Ends them all, in the order in which they hand work to each other. A backup or an import under way is given up.
    func shutdown() async {
        index.endSoon()
        copier.endSoon()
        verifier.endSoon()
        importer.endSoon()
        await workshop.shutdown()
        for socket in sockets.values { await socket.close() }
        await writer.stop()
        await copier.shutdown()
        await importer.shutdown()
        await scrubber.shutdown()
        await housekeeper.shutdown()
        await upkeep.shutdown()
        await reader.stop()
        await verifier.stop()
        await historian.shutdown()
        await index.shutdown()
        try? await group.shutdownGracefully()
    }
}
