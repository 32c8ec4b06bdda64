extension SettingName {
    /// What the default file says about the setting: sentences for somebody who runs a node.
    var documentation: String {
        switch self {
        case .data:
            """
            The folder that holds the node's identity, its archive and its control socket. It is created if need be. \
            Set it here only in a file that you pass with --config: the file in the data folder is found through the \
            data folder.
            """
        case .listen:
            """
            Where to listen (UDP), ADDRESS:PORT: one IPv4 address and one IPv6 address at most. 0.0.0.0 and [::] stand \
            for all addresses of the machine, port 0 for any free one. To be reached over IPv6 as well, add "[::]:8090".
            """
        case .peers:
            """
            Peers that you know, ADDRESS:PORT, for example "192.0.2.1:8090". They are asked at every start, in addition \
            to the peers that the node remembers and to the bootstrap servers.
            """
        case .bootstrapEnabled:
            """
            Whether to ask the bootstrap servers for peers. Without them a node finds others only through "peers", \
            through those that it remembers, and by being found: what a private network wants.
            """
        case .bootstrapServers:
            "The bootstrap servers, NAME:PORT or ADDRESS:PORT. These are the public ones of the IPv8 network."
        case .callsLocalNetwork:
            """
            Whether to look for peers in the local network by broadcast while the node knows nobody, and to answer those \
            who look so. It sends a small datagram to every port (65,535 of them, within five seconds, every half \
            minute), as py-ipv8 does; listen has to be 0.0.0.0.
            """
        case .peerLimit:
            """
            With more contacts than this the node leaves requests for an introduction to others, as py-ipv8 does, so that \
            newcomers spread over all peers. 0 for no limit: what a node wants that others are told to join through.
            """
        case .limitsLocalNetworks:
            """
            Whether loopback and private networks are limited too. No network (a /24 or a /48) gets more than 2 places in \
            a bucket of the routing table and 10 in all, and one address cannot flood the node with many keys. Peers on \
            127.0.0.0/8, 10.0.0.0/8, 192.168.0.0/16 and the like are taken for your own and are exempt, unless this is \
            true.
            """
        case .logLevel:
            "How much is logged: trace, debug, info, notice, warning, error or critical."
        case .logFormat:
            """
            How log messages are written to standard error: text, or json for one JSON object a line. With journald they go to \
            systemd's journal with their fields (journalctl -o verbose), and as text where there is none.
            """
        case .archiveSizeLimit:
            """
            How much disk space the archive may take, from 16 MiB to 900 GiB. When it is full, what matters least \
            makes room for what matters more.
            """
        case .diskReserve:
            """
            How much disk space to leave free for everything else on the disk. Below it the node takes no new values, \
            and goes on serving those that it has.
            """
        case .valuesPerKeyMax:
            """
            How many values to keep under one key, from 8 to 65536. When they are reached, the network that brought most of \
            them gives up its oldest for a newcomer of another.
            """
        case .servedShare:
            """
            What part of size_limit values may take that the network is served, in percent. A byte of a value or its key \
            counts as two, because that is what it takes of the file. The five shares make 100 at \
            most, and none takes from another. When one is full, the network (a /24 or a /48) that has stored most \
            gives up its oldest; what is published here or pinned stays.
            """
        case .retainedShare: "The share of values that have expired and are kept, in percent."
        case .historyShare: "The share of earlier versions of signed values, in percent."
        case .floorsShare:
            """
            The share of what is remembered of values that are gone, in percent: their versions, so that no older one \
            is taken in their place.
            """
        case .evidenceShare: "The share of proofs that a signer gave one version to two values, in percent."
        case .retainPublished:
            """
            How long to keep what you publish through this node, once it has expired: a number of days, hours or \
            minutes, or forever. The network is not served what has expired.
            """
        case .retainPinned: "The same for what is pinned (bristlecone pin add)."
        case .retainSigned: "The same for what others signed."
        case .retainUnsigned: "The same for what nobody signed."
        case .journalKeep:
            """
            How long to keep the journal of changes: a number of days, hours or minutes, or forever. Whoever follows the \
            archive's changes, or fetches increments (bristlecone-dump export --after-change), may fall behind by so \
            much. The journal takes about 90 bytes for a change, and never more than 1 GiB or a 64th of size_limit.
            """
        case .relaxedDurability:
            """
            Acknowledge a value before it is safely on disk. This is faster on slow disks, but a crash or a power cut \
            loses what was acknowledged in the second before.
            """
        case .scrubRate:
            """
            How many records a second to read again in the background, so that damage is seen before it matters: what \
            is damaged is put into quarantine, and the network is asked for a good copy. With 17, ten million records \
            take a week. 0 switches it off.
            """
        case .upkeepEnabled:
            """
            Whether to store values again before the network forgets them: what you publish, until you withdraw it; what \
            you pin, for as long as it is pinned; and what others published, while this node is among the closest to it.
            """
        case .upkeepInterval:
            "How long after a value was last stored to store it again, up to 55 minutes: peers keep it for an hour."
        case .upkeepLifetime:
            """
            How long after they were published to store the values of others again, up to 24 hours. Whoever published \
            them is expected to do it too, if they are to live longer.
            """
        case .upkeepPacketsPerSecond:
            """
            How many requests a second upkeep sends at most: stores, and lookups for them, for pins, for buckets and for the \
            node's own record. No peer gets more than one a second, so with 1,000 peers to store on more than 1,000 makes no \
            difference.
            """
        case .servedFor:
            """
            How long to serve a value after it was stored. All peers of the public network keep it for an hour; anything \
            else is for private networks and for tests.
            """
        case .httpListen:
            """
            Where to serve the HTTP API, ADDRESS:PORT, such as "127.0.0.1:8085" for programs on this machine. Nowhere by \
            default; the commands use the socket in the data folder.
            """
        case .httpReadsNeedKey:
            """
            Whether reading over HTTP needs the API key, as writing always does. "bristlecone api-key" shows the key.
            """
        case .httpHosts:
            """
            Names that HTTP requests may call this machine by, besides localhost and its addresses. A reverse proxy may \
            need one.
            """
        case .httpOrigins:
            """
            Origins of pages that a browser may let use the API, such as "https://status.example.org". The page of the node \
            itself needs none.
            """
        case .httpGroupReads:
            """
            Whether members of the data folder's group may read over the control socket: status, values, history. They \
            can change nothing, and read no file. They have to be able to enter the folder: chmod 750.
            """
        case .threads:
            "How many threads check signatures, up to 256. 0 stands for one for each processor core."
        }
    }
}
