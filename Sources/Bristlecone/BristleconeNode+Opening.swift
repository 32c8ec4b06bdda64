internal import Archive
internal import DHTCore
internal import IPv8
internal import Kademlia
internal import Logging
internal import Maintenance
internal import NIOCore
internal import Platform

/// What a start opens before anything runs.
extension BristleconeNode {
    static func bind(
        _ addresses: [Address], on eventLoop: any EventLoop, broadcasts: Bool, refusals: SendRefusals,
        traffic: TrafficMeter
    ) async throws(NodeError) -> [AddressFamily: DatagramSocket] {
        var sockets: [AddressFamily: DatagramSocket] = [:]
        for address in addresses {
            do {
                sockets[address.family] = try await DatagramSocket.bind(
                    address, on: eventLoop, broadcasts: broadcasts, refusals: refusals, traffic: traffic)
            } catch {
                for socket in sockets.values { await socket.close() }
                throw NodeError(listeningOn: address, failed: error)
            }
        }
        return sockets
    }

    static func openArchive(
        in folder: DataFolder, _ settings: NodeSettings, _ logger: Logger
    ) throws(NodeError) -> Archive {
        let options = ArchiveOptions(settings)
        let hadIndex = FileStatus.exists("\(folder.path)/index.sqlite")
        do throws(ArchiveError) {
            let archive = try Archive.open(
                folder: folder.path, options: options, now: ClockReading.now().wall
            ) { progress in
                if case .created = progress, hadIndex {
                    logger.error("The archive of this folder was gone, and an empty one was begun: restore a backup.")
                } else if case .created = progress, !folder.isNew {
                    // The first start may have been ended before it came to the archive.
                    logger.warning(
                        "This folder had no archive, and an empty one was begun: if there has been one, restore a backup."
                    )
                } else {
                    logger.notice("\(progress)")
                }
            }
            CompactedArchive.removeLeftovers(in: folder.path)
            return archive
        } catch {
            throw NodeError(error)
        }
    }

    /// What the core begins with: the addresses that the sockets really have, and what the archive remembers.
    static func configuration(
        _ folder: DataFolder, _ settings: NodeSettings, _ archive: Archive, _ sockets: [AddressFamily: DatagramSocket],
        _ logger: Logger
    ) -> NodeConfiguration {
        var contacts: [Contact] = []
        var secrets: [TokenSecret] = []
        var jobs: [JobReport] = []
        var bans: [Ban] = []
        do throws(ArchiveError) {
            // At a start the core's time is wall time.
            jobs = try archive.jobs()
            contacts = try archive.contacts().map { stored in
                Contact(
                    NodeInfo(address: stored.address, publicKey: stored.publicKey),
                    answeredAt: stored.lastResponse ?? stored.firstSeen)
            }
            secrets = try archive.tokenSecrets()
            bans = try archive.bans(at: ClockReading.now().wall)
        } catch {
            logger.error("What the last run remembered cannot be read; the node begins without it: \(error)")
        }
        var configuration = NodeConfiguration(
            identity: folder.identity.publicKey, listenAddresses: sockets.values.map(\.address), peers: settings.peers,
            contacts: contacts, tokenSecrets: secrets, seed: .random(in: .min ... .max))
        configuration.lanHosts = LocalHosts.current()
        configuration.limitsLocalNetworks = settings.limitsLocalNetworks
        configuration.callsLocalNetwork = settings.callsLocalNetwork
        configuration.peerLimit = settings.peerLimit > 0 ? settings.peerLimit : nil
        configuration.jobs = jobs
        configuration.bans = bans
        configuration.servedFor = settings.upkeep.ofArchive.servedFor
        configuration.republishes = settings.upkeep.enabled
        configuration.republishLimits.packetsPerSecond = settings.upkeep.packetsPerSecond
        configuration.republishLimits.gatherFor =
            settings.upkeep.ofArchive.interval / RepublishLimits.gatheringsPerInterval
        return configuration
    }
}
